// A place where nothing is yet: what it is, and the next act.

import type { ComponentChildren } from "preact";

/** Says why there is nothing, with the act that changes that as its child. */
export function EmptyState({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{text}</p>
      {children}
    </div>
  );
}
