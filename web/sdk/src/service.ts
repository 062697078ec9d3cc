// What a service asks before a chat and says of itself: `GET /v1/services/NAME`, at whichever node answers.

import { Lost, type Refused } from "./errors.js";
import { refusedBy } from "./files.js";
import { Nodes } from "./nodes.js";
import { missing, Platform, type PlatformOptions } from "./platform.js";

/** A text by language tag; one that is for all languages stands under `*`. Empty: a page has words of its own. */
export type Texts = Readonly<Record<string, string>>;

/** A field of the form before a chat. */
export interface ServiceField {
  /** `nickname`, `email` and so on: a field of the start; any other: a key of its `user_data`. */
  readonly key: string;
  readonly kind: "text" | "long_text" | "email" | "phone" | "choice";
  readonly label: Texts;
  readonly required: boolean;
  /** HTML's `autocomplete`; null: none. */
  readonly autocomplete: string | null;
  readonly choices: readonly { readonly value: string; readonly label: Texts }[];
}

/** What a customer may know of a service before a chat. */
export interface Service {
  readonly name: string;
  readonly title: Texts;
  /** What is asked, in order. */
  readonly form: readonly ServiceField[];
  /** What must be agreed to, and the page that it is about; null: nothing. */
  readonly consent: { readonly text: Texts; readonly url: string | null } | null;
  /** What becomes of the customer's data. */
  readonly privacy: Texts;
  /** What is said when nobody is there. */
  readonly closed: Texts;
  /** Whether files may be sent. */
  readonly files: boolean;
  /** Whether a chat that has ended may be rated. */
  readonly rating: boolean;
  /** Whether somebody is there; null: not known at the moment. */
  readonly open: boolean | null;
  /** How long one would wait for an agent, in seconds; null: not known. */
  readonly wait_s: number | null;
}

/**
 * Asks each node once, in order, until one describes the service.
 *
 * Rejects with `Refused` (`unknown_service`; `limited`, where all that answer are busy), or with `Lost` where none answers.
 * @param options as a client's: `nodes`, and `fetch` where the engine has none
 */
export async function describeService(
  options: PlatformOptions & { readonly nodes: readonly string[] },
  name: string,
): Promise<Service> {
  const platform = new Platform(options);
  if (!platform.canFetch) throw missing("fetch");
  let busy: Refused | null = null;
  for (const node of new Nodes(options.nodes).all) {
    try {
      const answer = await platform.fetch(`${node}/v1/services/${encodeURIComponent(name)}`, {
        method: "GET",
        headers: {},
      });
      if (answer.ok) return JSON.parse(await answer.text()) as Service;
      busy = await refusedBy(answer);
    } catch {
      // Nobody there, or a proxy's own page: the next node.
      continue;
    }
    if (!busy.retry) throw busy;
  }
  throw busy ?? new Lost("No node answers.");
}
