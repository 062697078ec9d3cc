// What a rich message offers, read from its content: whatever does not fit is left out, for content of a newer kind must
// not break an older page, which shows its text.

/** A choice of one tap. */
export interface Choice {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
}

/** A card: what it says, choices, and pages that it leads to. */
export interface Card {
  readonly title: string;
  readonly subtitle: string;
  /** The address of a picture; empty: none. */
  readonly image: string;
  readonly choices: readonly Choice[];
  readonly links: readonly { readonly url: string; readonly title: string }[];
}

/** A field of a form. */
export interface FormField {
  readonly id: string;
  readonly label: string;
  readonly type: "text" | "email" | "number" | "date" | "choice" | "checkbox";
  readonly required: boolean;
  readonly options: readonly Choice[];
}

/** A rich message as it is drawn. */
export type Rich =
  | { readonly kind: "choices"; readonly sections: readonly Section[]; readonly multiple: boolean }
  | { readonly kind: "times"; readonly slots: readonly { readonly id: string; readonly startsAt: number }[] }
  | { readonly kind: "cards"; readonly cards: readonly Card[] }
  | { readonly kind: "form"; readonly fields: readonly FormField[] };

/** Choices under a title of their own. */
export interface Section {
  readonly title: string;
  readonly choices: readonly Choice[];
}

type Fields = Readonly<Record<string, unknown>>;
const FIELD_TYPES = ["text", "email", "number", "date", "choice", "checkbox"] as const;

/** What `content` offers; null: nothing that is known here. */
export function readRich(content: Fields): Rich | null {
  switch (content["kind"]) {
    case "quick_replies":
      return { kind: "choices", sections: [{ title: "", choices: choices(content["options"]) }], multiple: false };
    case "list_picker": {
      const sections = list(content["sections"]).map((one) => ({
        title: text(one["title"]),
        choices: choices(one["items"]),
      }));
      return { kind: "choices", sections, multiple: content["multiple"] === true };
    }
    case "time_picker":
      return {
        kind: "times",
        slots: list(content["slots"])
          .map(slot)
          .filter((one) => !Number.isNaN(one.startsAt)),
      };
    case "card":
      return { kind: "cards", cards: list([content["card"]]).map(card) };
    case "carousel":
      return { kind: "cards", cards: list(content["cards"]).map(card) };
    case "form":
      return { kind: "form", fields: list(content["fields"]).map(field) };
    default:
      return null;
  }
}

function slot(one: Fields): { id: string; startsAt: number } {
  return { id: text(one["id"]), startsAt: Date.parse(text(one["starts_at"])) };
}

function card(one: Fields): Card {
  const actions = list(one["actions"]);
  const links = actions.map((action) => ({ url: text(action["url"]), title: text(action["title"]) }));
  return {
    title: text(one["title"]),
    subtitle: text(one["subtitle"]),
    image: text(one["image"]).startsWith("https://") ? text(one["image"]) : "",
    choices: choices(actions),
    links: links.filter(({ url }) => /^https?:\/\//i.test(url)),
  };
}

function field(one: Fields): FormField {
  return {
    id: text(one["id"]),
    label: text(one["label"]),
    type: FIELD_TYPES.find((type) => type === one["type"]) ?? "text",
    required: one["required"] === true,
    options: choices(one["options"]),
  };
}

function choices(value: unknown): Choice[] {
  return list(value)
    .map((one) => ({ id: text(one["id"]), title: text(one["title"]), subtitle: text(one["subtitle"]) }))
    .filter(({ id, title }) => id && title);
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((one): one is Fields => typeof one === "object" && one !== null) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
