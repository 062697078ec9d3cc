// The form before a chat: what the service asks, what it says of one's data, and the one next act.

import { useRef } from "preact/hooks";
import { Button, Field, Unsent, useSpeech, type FieldKind, type Say } from "@handoff/ui";
import { asked, CONSENT, isAsked, LABELS, refusedField } from "../model/form.js";
import type { FormField, FormKind, Service } from "../model/service.js";
import { useAround } from "./context.js";
import { useValue } from "./value.js";

const KINDS: Readonly<Record<FormKind, FieldKind>> = {
  text: "text",
  email: "email",
  phone: "tel",
  choice: "choice",
  long_text: "long",
};

/** The refusals of a start that pass. */
const BUSY = ["busy", "limited", "full_node", "again"];

/** The form of the service. */
export function FormScreen() {
  const { model } = useAround();
  const { say } = useSpeech();
  const form = useRef<HTMLFormElement>(null);
  const service = useValue(model.service);
  const { phase, refused, refusedField: field } = useValue(model.state);
  // What the website attached is not the visitor's to mend: no field would say so.
  const atField = Object.keys(refusedField(refused, field) ?? {}).some((key) => isAsked(service, key));
  const draft = useValue(model.draft);
  const starting = phase === "starting";
  const submit = (event: Event) => {
    event.preventDefault();
    model.start();
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  return (
    <form class="form" noValidate ref={form} onSubmit={submit}>
      <div class="form-fields">
        {service.open ? null : <p dir="auto">{service.closed || say("nobodyHere")}</p>}
        <Unsent text={draft} />
        {asked(service).map((field) => (
          <FormPart key={field.key} field={field} />
        ))}
        <Consent service={service} />
        <About service={service} />
      </div>
      <div class="form-end">
        <p class="problem" role="alert">
          {refused && !atField ? say(BUSY.includes(refused) ? "startBusy" : "startFailed") : ""}
        </p>
        <Button look="primary" type="submit" disabled={starting}>
          {say(starting ? "starting" : service.open ? "startChat" : "leaveMessage")}
        </Button>
      </div>
    </form>
  );
}

function FormPart({ field }: { field: FormField }) {
  const { model } = useAround();
  const { say } = useSpeech();
  const problem = useValue(model.problems)[field.key];
  const value = useValue(model.values)[field.key] ?? "";
  return (
    <Field
      name={field.key}
      label={label(field, say)}
      kind={KINDS[field.kind]}
      required={field.required}
      autocomplete={field.autocomplete || "off"}
      options={field.choices}
      value={value}
      problem={problem ? say(problem as "needed") : ""}
      onValue={(value) => model.write(field.key, value)}
    />
  );
}

function label({ key, label: given }: FormField, say: Say): string {
  const known = LABELS[key];
  return given || (known ? say(known as "name") : key);
}

function Consent({ service }: { service: Service }) {
  const { model } = useAround();
  const { say } = useSpeech();
  const problem = useValue(model.problems)[CONSENT];
  const value = useValue(model.values)[CONSENT] ?? "";
  if (!service.consent) return null;
  return (
    <Field
      name={CONSENT}
      label={service.consent}
      kind="checkbox"
      required
      value={value}
      problem={problem ? say("consentNeeded") : ""}
      onValue={(value) => model.write(CONSENT, value)}
    />
  );
}

/** What becomes of what one writes. */
function About({ service }: { service: Service }) {
  const { say } = useSpeech();
  return (
    <p class="about">
      <bdi>{service.privacy || say("previewSeen")}</bdi>{" "}
      {service.consentUrl ? (
        <a href={service.consentUrl} target="_blank" rel="noopener noreferrer">
          {say("privacy")}
        </a>
      ) : null}
    </p>
  );
}
