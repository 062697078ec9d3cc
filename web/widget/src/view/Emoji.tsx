// A few emoji for who has no keyboard with them. Each is its own name: readers say it in the visitor's language.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton, useSpeech } from "@handoff/ui";

const EMOJI = "😀 😊 😂 😉 😍 🤔 😐 🙁 😢 😡 😴 🙏 👍 👎 👏 👋 💪 🎉 ❤️ 💔 ⭐ ✅ ❌ ❓".split(" ");
const COLUMNS = 6;

/** A button that shows them; a chosen one goes to `onChoose`. */
export function EmojiButton({ onChoose }: { onChoose: (emoji: string) => void }) {
  const { say } = useSpeech();
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const all = () => Array.from(place.current?.querySelectorAll<HTMLElement>(".emoji button") ?? []);
  useLayoutEffect(() => {
    if (open) all()[0]?.focus();
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    const at = all().findIndex((one) => one === event.target);
    const forward = getComputedStyle(place.current as Element).direction === "rtl" ? -1 : 1;
    const steps: Record<string, number> = {
      ArrowRight: forward,
      ArrowLeft: -forward,
      ArrowDown: COLUMNS,
      ArrowUp: -COLUMNS,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      all()[(at + step + EMOJI.length) % EMOJI.length]?.focus();
      event.preventDefault();
    } else if (event.key === "Escape") {
      setOpen(false);
      button.current?.focus();
      event.preventDefault();
    }
  };
  const onFocusOut = (event: FocusEvent) => {
    if (!place.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  return (
    <div class="emoji-place" ref={place} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <IconButton
        icon="smile"
        label={say("emoji")}
        aria-expanded={open}
        buttonRef={button}
        onClick={() => setOpen(!open)}
      />
      {open ? (
        <div class="emoji" role="group" aria-label={say("emoji")}>
          {EMOJI.map((emoji) => (
            <button
              type="button"
              key={emoji}
              onClick={() => {
                setOpen(false);
                onChoose(emoji);
              }}
            >
              {emoji}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
