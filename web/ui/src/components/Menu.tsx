// A button that opens a list of acts: arrows, Home, End, Escape, a click elsewhere.

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "./Button.js";
import { Icon } from "./icons.js";

/** One act of a menu; with `checked` it is switched on or off. */
export interface MenuItem {
  readonly label: string;
  /** What comes of it, below its name. */
  readonly hint?: string;
  readonly checked?: boolean;
  readonly act: () => void;
}

/** What a menu is made of. */
export interface MenuProps {
  /** Names it. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  /** What its button shows; a sign where nothing is given. */
  readonly children?: ComponentChildren;
  /** What the button is found by. */
  readonly buttonId?: string;
}

/** A menu behind a button. */
export function Menu({ label, items, children, buttonId }: MenuProps) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const all = () => Array.from(place.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []);
  useLayoutEffect(() => {
    if (!open) return undefined;
    // At once: the next key may come before the browser has painted.
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
  const opener = {
    id: buttonId,
    "aria-haspopup": "menu",
    "aria-expanded": open,
    "aria-controls": open ? id : undefined,
    onClick: () => setOpen(!open),
  } as const;
  return (
    <div class="menu-place" ref={place} onKeyDown={(event) => open && onKey(event, all(), close)}>
      {children ? (
        <button type="button" class="menu-button" ref={button} title={label} {...opener}>
          {children}
        </button>
      ) : (
        <IconButton icon="more" label={label} buttonRef={button} {...opener} />
      )}
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
        <span>
          {item.label}
          {item.hint ? <small>{item.hint}</small> : null}
        </span>
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
