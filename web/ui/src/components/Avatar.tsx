// Who somebody is, as one or two letters; a neutral sign where a name has none.

import { initials } from "../text/names.js";
import { Icon } from "./icons.js";

/** A picture of a name. It says nothing that the name beside it does not say. */
export function Avatar({ name }: { name: string }) {
  const letters = initials(name);
  return (
    <span class="avatar" aria-hidden="true" dir="auto">
      {letters || <Icon name="person" />}
    </span>
  );
}
