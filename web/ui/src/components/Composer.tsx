// Where one writes: Enter sends, Shift and Enter make a line, an input method's Enter does neither; it grows with its
// text, and says how much room is left when there is little.

import type { ComponentChildren, Ref, TargetedInputEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { byteLength, excess, graphemes } from "../text/graphemes.js";
import { isBlank } from "../text/names.js";
import { IconButton } from "./Button.js";
import { useSpeech } from "./speech.js";

/** From this part of the limit on the room that is left is told. */
const TOLD_FROM = 0.9;
/** What `keyCode` is for keys that an input method takes; `isComposing` is false for the last of them in some browsers. */
const KEY_OF_INPUT_METHOD = 229;

/** What a composer shows and tells. */
export interface ComposerProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Called with what is to be sent, never blank; the surface empties the text. */
  readonly onSend: (text: string) => void;
  /** The field's name. */
  readonly label: string;
  /** The longest message in bytes of UTF-8; without it there is no limit. */
  readonly bytesMax?: number;
  /** Stands before the field: a button for files, say. */
  readonly before?: ComponentChildren;
  readonly fieldRef?: Ref<HTMLTextAreaElement>;
}

/** A field for messages with its button. */
export function Composer({ text, onText, onSend, label, bytesMax, before, fieldRef }: ComposerProps) {
  const { say } = useSpeech();
  const field = useRef<HTMLTextAreaElement | null>(null);
  useLayoutEffect(() => {
    if (field.current) grow(field.current);
  }, [text]);
  const send = () => {
    if (!isBlank(text)) onSend(text.trim());
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    send();
  };
  const take = (element: HTMLTextAreaElement | null) => {
    field.current = element;
    if (typeof fieldRef === "function") fieldRef(element);
    else if (fieldRef) fieldRef.current = element;
  };
  return (
    <div class="composer">
      <Room text={text} bytesMax={bytesMax} />
      <div class="composer-row">
        {before}
        <textarea
          ref={take}
          rows={1}
          dir="auto"
          enterkeyhint="send"
          aria-label={label}
          placeholder={label}
          value={text}
          onInput={(event: TargetedInputEvent<HTMLTextAreaElement>) => onText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <IconButton icon="send" look="round" label={say("send")} onClick={send} />
      </div>
    </div>
  );
}

/** Whether a key belongs to what an input method composes. */
export function isComposing(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells of the last key in Safari
  return event.isComposing || event.keyCode === KEY_OF_INPUT_METHOD;
}

function Room({ text, bytesMax }: { text: string; bytesMax: number | undefined }) {
  const { say } = useSpeech();
  const room = bytesMax === undefined ? null : roomLeft(text, bytesMax);
  return (
    <p class={`room${room !== null && room < 0 ? " over" : ""}`} role="status">
      {room === null ? null : room < 0 ? say("charactersOver", { n: -room }) : say("charactersLeft", { n: room })}
    </p>
  );
}

/** How many characters like those that are there still fit; negative: too many; null: enough, nothing to be told. */
export function roomLeft(text: string, bytesMax: number): number | null {
  const bytes = byteLength(text);
  if (bytes < bytesMax * TOLD_FROM) return null;
  if (bytes > bytesMax) return -excess(text, bytesMax);
  return Math.floor((bytesMax - bytes) / (bytes / graphemes(text).length));
}

function grow(field: HTMLTextAreaElement): void {
  field.style.blockSize = "auto";
  // Two pixels are its borders', which a scroll height has not.
  field.style.blockSize = `${field.scrollHeight + 2}px`;
}
