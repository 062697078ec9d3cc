// The widget's app: puts the model, the chat and the components together in the shadow root that the loader made.

import { render } from "preact";
import base from "@handoff/ui/styles/base.css";
import conversation from "@handoff/ui/styles/conversation.css";
import tokens from "@handoff/ui/styles/tokens.css";
// Beside the others: what is alike packs well where it is near.
import styles from "./view/widget.css";
import { chooseLanguage, direction, sayer, SpeechProvider, type FileShown, type Speech } from "@handoff/ui";
import { chatName, type App, type Host } from "./api.js";
import { LeaderChat } from "./chat/leader.js";
import { SharedChat } from "./chat/shared.js";
import { browserTabs } from "./chat/tabs.js";
import { identityData, identityValues } from "./model/identity.js";
import { fetchService } from "./model/service.js";
import { forgetful, type Storage } from "./model/settings.js";
import { WidgetModel } from "./model/widget.js";
import { saveAs } from "./page/save.js";
import { watchName, watchPage } from "./page/watch.js";
import { AroundProvider, type Around } from "./view/context.js";
import { Panel } from "./view/Panel.js";
import { loadWords } from "./words.js";

/** Builds the app. Rejects when the words of its language can't be loaded. */
export async function mount(host: Host): Promise<App> {
  const { config, root } = host;
  const language = chooseLanguage([config.language, document.documentElement.lang, ...navigator.languages]);
  const speech: Speech = { language, say: sayer(language, await loadWords(config.nodes, language)) };
  host.addStyles(root, tokens + base + conversation + styles);
  const chat = sharedChat(host);
  const model = new WidgetModel({
    service: config.service,
    speech,
    chat,
    fetchService: () => fetchService(config.nodes, config.service, language, fetch.bind(window)),
    siteStorage: storage(() => localStorage),
    tabStorage: storage(() => sessionStorage),
    now: Date.now,
  });
  const place = document.createElement("div");
  // Where the launcher is: the page's direction says that, not the chat's.
  const left = (getComputedStyle(root.host).direction === "rtl") === (config.position === "end");
  place.className = `handoff at-${left ? "left" : "right"} as-${config.mode}`;
  place.lang = language;
  place.dir = direction(language);
  root.append(place);
  if (config.mode === "page") {
    document.documentElement.lang = language;
    document.documentElement.dir = direction(language);
  }
  const around = acts(model, chat, host);
  const stops = [
    ...(config.mode === "page" ? [watchName(model)] : []),
    model.open.subscribe((open) => draw(open, model, speech, around, place)),
    watchPage(model, chat, host),
    () => chat.close(),
    () => model.stop(),
    () => render(null, place),
  ];
  return {
    open: () => (model.open.value = true),
    close: () => (model.open.value = false),
    identify(identity) {
      model.setData(identityData(identity));
      model.values.value = { ...model.values.value, ...identityValues(identity) };
    },
    set: (data) => model.setData(data),
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function draw(open: boolean, model: WidgetModel, speech: Speech, around: Around, place: HTMLElement): void {
  if (!open) {
    render(null, place);
    return;
  }
  model.learn();
  render(
    <SpeechProvider value={speech}>
      <AroundProvider value={around}>
        <Panel />
      </AroundProvider>
    </SpeechProvider>,
    place,
  );
}

function acts(model: WidgetModel, chat: SharedChat, host: Host): Around {
  const { say } = model.speech;
  return {
    model,
    mode: host.config.mode,
    onMinimise: () => {
      model.open.value = false;
      host.launcher.focus();
    },
    load: ({ id }) => chat.file(id),
    onSaveFile: (file: FileShown) => {
      // A file that nobody gives is as one that was not saved: the log still shows it, to be tried again.
      chat.file(file.id).then(
        (bytes) => saveAs(bytes, file.name),
        () => undefined,
      );
    },
    onSaveTranscript: () => {
      const text = new Blob([model.transcript()], { type: "text/plain;charset=utf-8" });
      saveAs(text, `${say("conversation")}.txt`);
    },
  };
}

function sharedChat({ config }: Host): SharedChat {
  const name = chatName(config.service);
  const site = storage(() => localStorage);
  const talk = (changed: ConstructorParameters<typeof LeaderChat>[3]) =>
    new LeaderChat(config.nodes, site, name, changed);
  return new SharedChat(name, browserTabs(), site, talk);
}

/** The browser's own, or one that forgets with the page where that is forbidden. */
function storage(get: () => Storage): Storage {
  try {
    return get();
  } catch {
    return forgetful();
  }
}
