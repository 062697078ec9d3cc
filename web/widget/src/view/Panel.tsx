// The widget's panel: header, one banner for the connection, and the form or the chat.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Avatar, Banner, Button, Dialog, IconButton, Menu, useSpeech, type MenuItem } from "@handoff/ui";
import { waitWords } from "../model/waiting.js";
import { followViewport } from "../page/viewport.js";
import { ChatScreen } from "./Chat.js";
import { useAround } from "./context.js";
import { FormScreen } from "./Form.js";
import { useValue } from "./value.js";

/** The open panel. */
export function Panel() {
  const { model, mode, onMinimise } = useAround();
  const { say } = useSpeech();
  const panel = useRef<HTMLElement>(null);
  const banner = useValue(model.banner);
  const { title } = useValue(model.service);
  useEffect(() => (panel.current ? followViewport(panel.current) : undefined), []);
  useFocus(panel);
  const page = mode === "page";
  const onKeyDown = (event: KeyboardEvent) => {
    if (!page && event.key === "Escape" && !event.defaultPrevented) onMinimise();
  };
  const name = title || say("writeToUs");
  return (
    <section class="panel" role={page ? "main" : "dialog"} aria-label={name} ref={panel} onKeyDown={onKeyDown}>
      <Header />
      <Banner>{banner ? say(banner) : null}</Banner>
      <ScreenShown />
    </section>
  );
}

function ScreenShown() {
  const { model } = useAround();
  switch (useValue(model.screen)) {
    case "loading":
      return <Loading />;
    case "form":
      return <FormScreen />;
    case "chat":
      return <ChatScreen />;
  }
}

/** The form's shape before it is known, once that takes a while. */
function Loading() {
  const { model } = useAround();
  const { say } = useSpeech();
  const slow = useValue(model.reach) === "slow";
  return (
    <div class="form loading" role="status" aria-label={slow ? say("loading") : ""}>
      {slow ? [1, 2, 3].map((part) => <div class="bone" key={part} />) : null}
    </div>
  );
}

/** What is next to be done has the focus when the panel opens and when its screen changes, before the next key comes. */
function useFocus(panel: { readonly current: HTMLElement | null }): void {
  const { model } = useAround();
  const screen = useValue(model.screen);
  useLayoutEffect(() => {
    // A keyboard on glass that nobody asked for hides half of the panel.
    const touch = matchMedia("(pointer: coarse)").matches;
    const first = screen === "chat" ? ".composer textarea, .ended button" : "input, textarea:not([readonly])";
    const wanted = touch ? ".panel-head button" : first;
    panel.current?.querySelector<HTMLElement>(wanted)?.focus({ preventScroll: true });
  }, [screen]);
}

function Header() {
  const { model, mode, onMinimise } = useAround();
  const { say } = useSpeech();
  const Title = mode === "page" ? "h1" : "h2";
  const service = useValue(model.service);
  const title = service.title || say("writeToUs");
  const answering = useValue(model.answering);
  const talking = useValue(model.screen) === "chat";
  const expected = talking || !service.open ? "" : waitWords(service.waitS, say);
  const below = answering ? service.title : expected;
  return (
    <div class="panel-head">
      {answering ? <Avatar name={answering} /> : null}
      <div class="header-words">
        <Title class="header-name">
          <bdi>{answering || title}</bdi>
        </Title>
        {below ? <p>{below}</p> : null}
      </div>
      {talking ? <ChatMenu /> : null}
      {mode === "page" ? null : <IconButton icon="minimise" label={say("minimise")} onClick={onMinimise} />}
    </div>
  );
}

function ChatMenu() {
  const { model, onSaveTranscript } = useAround();
  const { say } = useSpeech();
  const [asking, setAsking] = useState(false);
  const { sound, titleSign } = model;
  const [sounds, signs] = [useValue(sound), useValue(titleSign)];
  const alive = useValue(model.alive);
  const items: MenuItem[] = [
    { label: say("sound"), checked: sounds, act: () => (sound.value = !sounds) },
    { label: say("titleSign"), checked: signs, act: () => (titleSign.value = !signs) },
    { label: say("saveTranscript"), act: onSaveTranscript },
  ];
  if (alive) items.push({ label: say("endChat"), act: () => setAsking(true) });
  return (
    <>
      <Menu label={say("more")} items={items} />
      {asking ? (
        <EndQuestion
          onEnd={() => {
            setAsking(false);
            model.ask({ do: "leave" });
          }}
          onStay={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}

function EndQuestion({ onEnd, onStay }: { onEnd: () => void; onStay: () => void }) {
  const { say } = useSpeech();
  return (
    <Dialog title={say("endSure")} onClose={onStay}>
      <div class="acts">
        <Button onClick={onStay}>{say("goOn")}</Button>
        <Button look="primary" onClick={onEnd}>
          {say("endChat")}
        </Button>
      </div>
    </Dialog>
  );
}
