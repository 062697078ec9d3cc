// The form before a chat: which words its fields have, what is wrong with what was written, and what a start is made of.

import { isBlank, type Key } from "@handoff/ui";
import type { StartForm } from "../chat/state.js";
import type { FormField, Service } from "./service.js";

/** What was written, by key. */
export type Values = Readonly<Record<string, string>>;

/** The key under which the form keeps whether the customer agrees; `true` when they do. */
export const CONSENT = "consent";

/** The chat's own fields; all others are attached data. */
const OWN = ["nickname", "first_name", "last_name", "email", "subject", "text"] as const;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;
const PHONE = /^\+?[\d\s()./-]{5,}$/;

/** The widget's own words for keys that every service may ask for. */
export const LABELS: Readonly<Record<string, Key>> = {
  nickname: "name",
  email: "email",
  phone: "phone",
  subject: "subject",
  text: "message",
};

/**
 * The fields that are asked. When nobody is there, there must be an address to answer to, and a message, which says what it
 * is about.
 */
export function asked({ form, open }: Service): FormField[] {
  if (open) return [...form];
  const needs = (key: string, kind: FormField["kind"], autocomplete: string): FormField => {
    const found = form.find((one) => one.key === key);
    return found ? { ...found, required: true } : { key, kind, label: "", required: true, autocomplete, choices: [] };
  };
  const email = needs("email", "email", "email");
  const text = needs("text", "long_text", "");
  const said = (one: FormField): boolean => one.key === "subject" && !one.required;
  const others = form.filter((one) => one.key !== "email" && one.key !== "text" && !said(one));
  const name = others.filter(({ key }) => key === "nickname" || key.endsWith("_name"));
  return [...name, email, ...others.filter((one) => !name.includes(one)), text];
}

/** Whether the form shows something of this key. */
export function isAsked(service: Service, key: string): boolean {
  return key === CONSENT ? service.consent !== "" : asked(service).some((one) => one.key === key);
}

/** What is wrong, by key, as a text's name; empty when nothing is. */
export function problems(service: Service, values: Values): Readonly<Record<string, Key>> {
  const found: Record<string, Key> = {};
  for (const { key, kind, required } of asked(service)) {
    const value = written(values[key]);
    if (!value) {
      if (required) found[key] = "needed";
    } else if (kind === "email" && !EMAIL.test(value)) found[key] = "emailWrong";
    else if (kind === "phone" && !PHONE.test(value)) found[key] = "phoneWrong";
  }
  if (service.consent && values[CONSENT] !== "true") found[CONSENT] = "consentNeeded";
  return found;
}

/** What was written; empty for what shows nothing. */
function written(value = ""): string {
  return isBlank(value) ? "" : value.trim();
}

/** A refusal's field, as the form calls it, and what is wrong with it; null: it is not about a field. */
export function refusedField(code: string, field: string): Readonly<Record<string, Key>> | null {
  if (code === "no_consent") return { [CONSENT]: "consentNeeded" };
  const key = field.replace(/^user_data\./, "");
  if (!key) return null;
  if (code !== "bad_field") return { [key]: "needed" };
  return { [key]: key === "email" ? "emailWrong" : key === "phone" ? "phoneWrong" : "fieldWrong" };
}

/** A start with what was written, and with what the website says of its visitor. */
export function startForm(name: string, service: Service, values: Values, data: Values): StartForm {
  const own: Record<string, string> = {};
  const attached: Record<string, string> = { ...data };
  for (const { key } of asked(service)) {
    const value = written(values[key]);
    if (!value) continue;
    if (OWN.some((one) => one === key)) own[key] = value;
    else attached[key] = value;
  }
  return {
    service: name,
    ...own,
    ...(service.consent && { consent: true }),
    ...(Object.keys(attached).length > 0 && { user_data: attached }),
  };
}
