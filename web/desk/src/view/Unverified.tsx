// That somebody has only said who they are.

import { useSay } from "./context.js";

/** Stands beside the name of who has not proved it. */
export function Unverified({ verified }: { verified: boolean }) {
  const say = useSay();
  return verified ? null : <span class="unverified">{say("unverified")}</span>;
}
