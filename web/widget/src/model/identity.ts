// A visitor whom the website vouches for, as the attached data of a start.

import type { Identity } from "../api.js";
import type { Values } from "./form.js";

/** What is attached to the start; the proof itself is not kept by the server. */
export function identityData({ token, id, hash }: Identity): Values {
  const proof = token ?? hash;
  return {
    ...(id !== undefined && { ContactId: id }),
    ...(proof !== undefined && { Handoff_Identity: proof }),
  };
}

/** What the form need not ask: it is filled in, and can be changed. */
export function identityValues({ name, email }: Identity): Values {
  return { ...(name !== undefined && { nickname: name }), ...(email !== undefined && { email }) };
}
