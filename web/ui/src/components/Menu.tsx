// A button that opens a list of acts: arrows, Home, End, Escape, a click elsewhere.

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { IconButton } from "./Button.js";
import { Icon } from "./icons.js";

/** One act of a menu; with `checked` it is switched on or off. */
export interface MenuItem {
  readonly label: string;
  readonly checked?: boolean;
  readonly act: () => void;
}

/** A menu behind a sign; `label` names it. */
export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const all = () => Array.from(place.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []);
  useEffect(() => {
    if (!open) return undefined;
    all()[0]?.focus();
    const root = place.current?.getRootNode();
    const elsewhere = (event: Event) => {
      if (!event.composedPath().includes(place.current as EventTarget)) setOpen(false);
    };
    root?.addEventListener("pointerdown", elsewhere);
    document.addEventListener("pointerdown", elsewhere);
    return () => {
      root?.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("pointerdown", elsewhere);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="menu-place" ref={place} onKeyDown={(event) => open && onKey(event, all(), close)}>
      <IconButton
        icon="more"
        label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        buttonRef={button}
        onClick={() => setOpen(!open)}
      />
      {open ? (
        <div class="menu" role="menu" id={id} aria-label={label}>
          {items.map((item) => (
            <MenuButton key={item.label} item={item} onDone={close} />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function MenuButton({ item, onDone }: { item: MenuItem; onDone: () => void }) {
  const act = () => {
    onDone();
    item.act();
  };
  if (item.checked === undefined) {
    return (
      <button type="button" role="menuitem" tabIndex={-1} onClick={act}>
        {item.label}
      </button>
    );
  }
  return (
    <button type="button" role="menuitemcheckbox" aria-checked={item.checked} tabIndex={-1} onClick={act}>
      {item.label}
      {item.checked ? <Icon name="check" size={16} /> : null}
    </button>
  );
}

function onKey(event: KeyboardEvent, all: readonly HTMLElement[], close: () => void): void {
  const root = all[0]?.getRootNode() as Document | ShadowRoot | undefined;
  const at = all.findIndex((item) => item === root?.activeElement);
  const step = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
  if (step !== undefined) {
    all[step % all.length]?.focus();
    event.preventDefault();
  } else if (event.key === "Escape") {
    close();
    event.stopPropagation();
  } else if (event.key === "Tab") {
    close();
  }
}
