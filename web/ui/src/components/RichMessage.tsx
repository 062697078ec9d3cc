// What can be answered with a tap. When it was answered, or can no longer be, only its text stays.

import { useState } from "preact/hooks";
import type { RichShown } from "../log/rows.js";
import { readRich, type Card, type Choice, type FormField, type Rich, type Section } from "../log/rich.js";
import { fullTime, shortTime } from "../text/times.js";
import { Button } from "./Button.js";
import { Field } from "./Field.js";
import { useSpeech } from "./speech.js";

/** An answer, as `/schemas/rich-reply.json` has it. */
export type RichReply = { readonly choices: readonly string[] } | { readonly values: Readonly<Record<string, string>> };

/** The choices, cards or fields of a rich message. */
export function RichMessage({ rich, onReply }: { rich: RichShown; onReply: (reply: RichReply) => void }) {
  const read = readRich(rich.content);
  if (!read || !rich.open) return null;
  return (
    <div class="rich">
      <Offer rich={read} onReply={onReply} />
    </div>
  );
}

function Offer({ rich, onReply }: { rich: Rich; onReply: (reply: RichReply) => void }) {
  const choose = (id: string) => onReply({ choices: [id] });
  switch (rich.kind) {
    case "choices":
      return rich.multiple ? (
        <Several sections={rich.sections} onReply={onReply} />
      ) : (
        <>
          {rich.sections.map((section) => (
            <div key={section.title}>
              {section.title ? <p class="rich-title">{section.title}</p> : null}
              <Choices choices={section.choices} onChoose={choose} />
            </div>
          ))}
        </>
      );
    case "times":
      return <Times slots={rich.slots} onChoose={choose} />;
    case "cards":
      return (
        <>
          {rich.cards.map((card) => (
            <CardShown key={card.title} card={card} onChoose={choose} />
          ))}
        </>
      );
    case "form":
      return <Form fields={rich.fields} onReply={onReply} />;
  }
}

function Choices({ choices, onChoose }: { choices: readonly Choice[]; onChoose: (id: string) => void }) {
  return (
    <div class="choices">
      {choices.map((choice) => (
        <button type="button" class="choice" dir="auto" key={choice.id} onClick={() => onChoose(choice.id)}>
          {choice.title}
          {choice.subtitle ? <small>{choice.subtitle}</small> : null}
        </button>
      ))}
    </div>
  );
}

function Several({ sections, onReply }: { sections: readonly Section[]; onReply: (reply: RichReply) => void }) {
  const { say } = useSpeech();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const turn = (id: string) =>
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return (
    <>
      {sections.map((section) => (
        <fieldset key={section.title}>
          {section.title ? <legend>{section.title}</legend> : null}
          {section.choices.map((choice) => (
            <label key={choice.id} class="several">
              <input type="checkbox" checked={chosen.includes(choice.id)} onInput={() => turn(choice.id)} />
              <span dir="auto">{choice.title}</span>
            </label>
          ))}
        </fieldset>
      ))}
      <Button look="primary" disabled={chosen.length === 0} onClick={() => onReply({ choices: chosen })}>
        {say("chooseSome")}
      </Button>
    </>
  );
}

type Slots = Extract<Rich, { kind: "times" }>["slots"];

function Times({ slots, onChoose }: { slots: Slots; onChoose: (id: string) => void }) {
  const { language } = useSpeech();
  const day = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short" });
  return (
    <div class="choices">
      {slots.map(({ id, startsAt }) => (
        <button type="button" class="choice" key={id} title={fullTime(startsAt, language)} onClick={() => onChoose(id)}>
          {`${day.format(startsAt)} · ${shortTime(startsAt, startsAt, language)}`}
        </button>
      ))}
    </div>
  );
}

function CardShown({ card, onChoose }: { card: Card; onChoose: (id: string) => void }) {
  return (
    <div class="card" dir="auto">
      {card.image ? <Picture key={card.image} url={card.image} name={card.title} /> : null}
      <p class="rich-title">{card.title}</p>
      {card.subtitle ? <p>{card.subtitle}</p> : null}
      {card.links.map((link) => (
        <p key={link.url}>
          <a href={link.url} target="_blank" rel="noopener noreferrer nofollow">
            {link.title}
          </a>
        </p>
      ))}
      {card.choices.length > 0 ? <Choices choices={card.choices} onChoose={onChoose} /> : null}
    </div>
  );
}

/** A picture from elsewhere. Its place is kept before it comes and where it never does; its host is not told the page. */
function Picture({ url, name }: { url: string; name: string }) {
  const [failed, setFailed] = useState(false);
  return (
    <div class="picture">
      {failed ? null : <img src={url} alt={name} referrerpolicy="no-referrer" onError={() => setFailed(true)} />}
    </div>
  );
}

function Form({ fields, onReply }: { fields: readonly FormField[]; onReply: (reply: RichReply) => void }) {
  const { say } = useSpeech();
  const [values, setValues] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const missing = (field: FormField) => field.required && [undefined, "", "false"].includes(values[field.id]?.trim());
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!fields.some(missing)) onReply({ values });
  };
  return (
    <form class="card" noValidate onSubmit={submit}>
      {fields.map((field) => (
        <Field
          key={field.id}
          name={field.id}
          label={field.label}
          kind={field.type}
          required={field.required}
          options={field.options}
          value={values[field.id] ?? ""}
          problem={tried && missing(field) ? say("needed") : ""}
          onValue={(value) => setValues({ ...values, [field.id]: value })}
        />
      ))}
      <Button look="primary" type="submit">
        {say("sendForm")}
      </Button>
    </form>
  );
}
