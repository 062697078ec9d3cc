// Brings the app's script, from the first node that gives it, and only as it was built: its hash stands here.

import type { Mount } from "../api.js";

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): string };
}

/** Where the app calls when its script has run. */
export interface Arrival {
  arrived?: (mount: Mount) => void;
}

/**
 * Loads the app.
 * @param tag the loader's own: its nonce is the app's too
 * @returns rejects when no node gives it
 */
export async function loadApp(
  nodes: readonly string[],
  file: string,
  hash: string,
  tag: HTMLScriptElement,
  place: Arrival,
) {
  for (const node of nodes) {
    const mount = await fromNode(`${node}/${file}`, hash, tag, place);
    if (mount) return mount;
  }
  throw new Error("No node gives the chat's script.");
}

function fromNode(url: string, hash: string, tag: HTMLScriptElement, place: Arrival): Promise<Mount | null> {
  return new Promise((done) => {
    const script = document.createElement("script");
    script.integrity = hash;
    script.crossOrigin = "anonymous";
    if (tag.nonce) script.nonce = tag.nonce;
    script.onerror = () => {
      script.remove();
      done(null);
    };
    place.arrived = done;
    script.src = trusted(url);
    document.head.append(script);
  });
}

let policy: { createScriptURL(url: string): string } | undefined;

/** Pages that trust no text as a script's address allow the policy `handoff` (docs/widget.md). */
function trusted(url: string): string {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
  policy ??= policies?.createPolicy("handoff", { createScriptURL: (given) => given });
  return policy?.createScriptURL(url) ?? url;
}
