// What a service asks before a chat and says of itself: `GET /v1/services/NAME`. A server that does not have it, and
// whatever of it is missing, is as a service that asks for a name.

import { describeService, Refused, type FetchLike } from "@handoff/sdk";

/** What a field takes. */
export type FormKind = "text" | "email" | "phone" | "choice" | "long_text";

/** A field of the form before a chat. */
export interface FormField {
  /** What the value is called: `nickname`, `email`, `subject` and so on, or a key of the attached data. */
  readonly key: string;
  readonly kind: FormKind;
  /** Empty: the widget's own word for the key. */
  readonly label: string;
  readonly required: boolean;
  /** HTML's `autocomplete`; empty: nothing. */
  readonly autocomplete: string;
  readonly choices: readonly { readonly id: string; readonly title: string }[];
}

/** What a widget knows of a service. */
export interface Service {
  /** What the service is called; empty: the widget's own word. */
  readonly title: string;
  readonly form: readonly FormField[];
  /** What the customer must agree to; empty: nothing. */
  readonly consent: string;
  /** The page that this is about; empty: none. */
  readonly consentUrl: string;
  /** What is said of the customer's data; empty: nothing. */
  readonly privacy: string;
  /** What is said when nobody is there; empty: the widget's own words. */
  readonly closed: string;
  /** Whether somebody is there, as far as is known. */
  readonly open: boolean;
  /** The expected wait in seconds; null: not known. */
  readonly waitS: number | null;
  /** Whether chats can be rated. */
  readonly rating: boolean;
}

const KINDS = ["text", "email", "phone", "choice", "long_text"] as const;

function field(key: string, kind: FormKind, required: boolean, autocomplete: string): FormField {
  return { key, kind, required, autocomplete, label: "", choices: [] };
}

/** A service of which nothing is known. */
export const DEFAULT_SERVICE: Service = {
  title: "",
  form: [
    field("nickname", "text", true, "name"),
    field("email", "email", false, "email"),
    field("subject", "long_text", false, ""),
  ],
  consent: "",
  consentUrl: "",
  privacy: "",
  closed: "",
  open: true,
  waitS: null,
  rating: false,
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * A description as the server gives it; what does not fit counts as missing.
 * @param language of texts that are there in several languages the one in this, else that for all (`*`), else any
 */
export function readService(value: unknown, language: string): Service {
  const said = fields(value);
  const text = (one: unknown): string => inLanguage(one, language);
  const consent = fields(said["consent"]);
  const form = Array.isArray(said["form"]) ? said["form"].map((one) => readField(fields(one), text)) : [];
  return {
    title: text(said["title"]),
    form: form.length > 0 ? form.filter(({ key }) => key) : DEFAULT_SERVICE.form,
    consent: text(consent["text"]),
    consentUrl: httpUrl(consent["url"]),
    privacy: text(said["privacy"]),
    closed: text(said["closed"]),
    open: said["open"] !== false,
    waitS: typeof said["wait_s"] === "number" ? said["wait_s"] : null,
    rating: said["rating"] === true,
  };
}

function readField(one: Fields, text: (value: unknown) => string): FormField {
  const choices = Array.isArray(one["choices"]) ? one["choices"] : [];
  return {
    key: text(one["key"]),
    kind: KINDS.find((kind) => kind === one["kind"]) ?? "text",
    label: text(one["label"]),
    required: one["required"] === true,
    autocomplete: text(one["autocomplete"]),
    choices: choices.map((choice) => {
      const id = text(fields(choice)["value"]);
      return { id, title: text(fields(choice)["label"]) || id };
    }),
  };
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function inLanguage(value: unknown, language: string): string {
  if (typeof value === "string") return value;
  const texts = Object.entries(fields(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const found = [language, "*", "en"].map((tag) => texts.find(([name]) => name === tag)).find(Boolean) ?? texts[0];
  return found?.[1] ?? "";
}

function httpUrl(value: unknown): string {
  return typeof value === "string" && /^https?:\/\//i.test(value) ? value : "";
}

/**
 * Asks the nodes in turn for a service's description.
 * @returns null when no node answers; a node that does not know such descriptions gives the default
 */
export async function fetchService(
  nodes: readonly string[],
  name: string,
  language: string,
  ask: typeof fetch,
): Promise<Service | null> {
  try {
    return readService(await describeService({ nodes, fetch: ask as FetchLike }, name), language);
  } catch (error) {
    return error instanceof Refused && !error.retry ? DEFAULT_SERVICE : null;
  }
}
