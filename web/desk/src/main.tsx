// The agents' page: puts the desk together and shows it.

import { effect } from "@preact/signals";
import { AgentDesk, storageStore, type Transfer } from "@handoff/sdk";
import { chooseLanguage, direction, SpeechProvider } from "@handoff/ui";
import { render } from "preact";
import { Desk } from "./model/desk.js";
import { forgetful, type Storage } from "./model/keeping.js";
import { Windows } from "./model/windows.js";
import { newId } from "./page/ids.js";
import { listenToKeys } from "./page/keys.js";
import { followLooking } from "./page/looking.js";
import { App } from "./view/App.js";
import { DeskProvider } from "./view/context.js";
import { loadSay } from "./words/say.js";

void start();

async function start(): Promise<void> {
  const wanted = new URLSearchParams(location.search).get("lang");
  const language = chooseLanguage([...(wanted ? [wanted] : []), ...navigator.languages]);
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
  const say = await loadSay(language);
  const windows = new Windows(new BroadcastChannel("handoff-desk"), newId());
  const sdk = await agentDesk(windows);
  windows.transfer = () => sdk.transfer();
  const desk = new Desk({ sdk, say, language, local: local(), tab: tab() });
  const { atEnd } = followLooking(desk, windows);
  listenToKeys(desk);
  listenToBrowser(desk, windows);
  effect(() => {
    const { theme } = desk.settings.value;
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  });
  effect(() => {
    const calls = desk.calls.value;
    document.title = calls > 0 ? `(${calls}) ${say("deskTitle")}` : say("deskTitle");
  });
  const speech = { say, language };
  const place = document.getElementById("app");
  if (!place) throw new Error("the page has no place for the desk");
  render(
    <SpeechProvider value={speech}>
      <DeskProvider value={desk}>
        <App onAtEnd={atEnd} />
      </DeskProvider>
    </SpeechProvider>,
    place,
  );
}

/** The client; in a new window of an agent who is signed in already, with what the other window gives. */
async function agentDesk(windows: Windows): Promise<AgentDesk> {
  const make = (transfer?: Transfer) =>
    new AgentDesk({
      nodes: nodes(),
      store: storageStore(tab(), "handoff-agent"),
      ...(transfer && { transfer }),
    });
  const sdk = make();
  if (sdk.phase !== "out" || sdk.name) return sdk;
  const transfer = await windows.ask();
  return transfer ? make(transfer) : sdk;
}

/** This origin, and the nodes that the page was served with. */
function nodes(): string[] {
  const listed = document.querySelector<HTMLMetaElement>("meta[name=handoff-nodes]")?.content ?? "";
  return [location.origin, ...listed.split(",").filter((node) => node && node !== location.origin)];
}

function listenToBrowser(desk: Desk, windows: Windows): void {
  const wake = () => desk.sdk.wake();
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wake();
  });
  window.addEventListener("pageshow", wake);
  window.addEventListener("pagehide", () => windows.looksAt(""));
  window.addEventListener("storage", () => desk.keptAgain());
}

function local(): Storage {
  return allowed(() => localStorage);
}

function tab(): Storage {
  return allowed(() => sessionStorage);
}

/** The browser's own storage; where it is forbidden, one that forgets with the page. */
function allowed(storage: () => Storage): Storage {
  try {
    return storage();
  } catch {
    return forgetful();
  }
}
