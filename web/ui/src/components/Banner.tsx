// One thin line about the state of things, told calmly; it goes when that is over.

import type { ComponentChildren } from "preact";

/** Says something about the whole surface; empty when there is nothing to say, so that its coming is read out. */
export function Banner({ children }: { children: ComponentChildren }) {
  return (
    <div role="status" class="banner-place">
      {children ? <p class="banner">{children}</p> : null}
    </div>
  );
}
