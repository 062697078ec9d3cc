// One field of a form: its label above, what is wrong below in words.

import type { TargetedEvent } from "preact";
import { useId } from "preact/hooks";
import { useSpeech } from "./speech.js";

/** What can be filled in. */
export type FieldKind = "text" | "email" | "tel" | "number" | "date" | "long" | "choice" | "checkbox";

/** A choice of a field. */
export interface Option {
  readonly id: string;
  readonly title: string;
}

/** How a field is shown and what it says. */
export interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly kind?: FieldKind;
  readonly value: string;
  readonly required?: boolean;
  /** What is wrong, in words; empty: nothing. */
  readonly problem?: string;
  /** What the browser may fill in, as `autocomplete` has it. */
  readonly autocomplete?: string;
  readonly options?: readonly Option[];
  readonly onValue: (value: string) => void;
}

/** A field with label and problem. Of a `checkbox` the value is `true` or `false`. */
export function Field(props: FieldProps) {
  const { say } = useSpeech();
  const id = useId();
  const { kind = "text", problem = "" } = props;
  const shared = {
    id,
    name: props.name,
    required: props.required ?? false,
    "aria-invalid": problem !== "",
    "aria-describedby": problem ? `${id}-problem` : undefined,
  };
  const words = (
    <label for={id}>
      <span dir="auto">{props.label}</span>
      {props.required || kind === "checkbox" ? null : <small> {say("optional")}</small>}
    </label>
  );
  return (
    <div class={`field field-${kind}`}>
      {kind === "checkbox" ? null : words}
      <Control shared={shared} props={props} />
      {kind === "checkbox" ? words : null}
      {problem ? (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      ) : null}
    </div>
  );
}

type Shared = Record<string, string | boolean | undefined>;

function Control({ shared, props }: { shared: Shared; props: FieldProps }) {
  const { say } = useSpeech();
  const { kind = "text", value, onValue } = props;
  const onInput = (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) =>
    onValue(event.currentTarget.value);
  if (kind === "long") return <textarea {...shared} dir="auto" rows={3} value={value} onInput={onInput} />;
  if (kind === "choice") {
    return (
      <select {...shared} value={value} onInput={onInput}>
        <option value="">{say("chooseOne")}</option>
        {props.options?.map((option) => (
          <option key={option.id} value={option.id}>
            {option.title}
          </option>
        ))}
      </select>
    );
  }
  if (kind === "checkbox") {
    const checked = (event: TargetedEvent<HTMLInputElement>) => onValue(String(event.currentTarget.checked));
    return <input {...shared} type="checkbox" checked={value === "true"} onInput={checked} />;
  }
  const turned = kind === "text" ? { dir: "auto" as const } : {};
  return (
    <input
      {...shared}
      {...turned}
      type={kind}
      value={value}
      autocomplete={props.autocomplete ?? "off"}
      onInput={onInput}
    />
  );
}
