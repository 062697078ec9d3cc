// Buttons: the one next act, all others, those in running text, and signs with a name that is read out.

import type { ComponentChildren, JSX, Ref } from "preact";
import { Icon, type IconName } from "./icons.js";

type Native = Omit<JSX.IntrinsicElements["button"], "icon" | "class" | "ref">;

/** A button with words. `primary`: the next act, one at a time; `plain`: others; `text`: within words. */
export function Button({
  look = "plain",
  children,
  ...rest
}: Native & { look?: "primary" | "plain" | "text"; children: ComponentChildren }) {
  return (
    <button type="button" class={`button ${look}`} {...rest}>
      {children}
    </button>
  );
}

/** A button with a sign; `label` is its name, for readers and as a title. */
export function IconButton({
  icon,
  label,
  look = "quiet",
  buttonRef,
  ...rest
}: Native & {
  icon: IconName;
  label: string;
  look?: "quiet" | "round";
  buttonRef?: Ref<HTMLButtonElement>;
}) {
  return (
    <button
      type="button"
      class={`icon-button ${look}`}
      aria-label={label}
      title={label}
      ref={buttonRef ?? null}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
