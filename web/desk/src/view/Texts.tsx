// The agent's own texts: adding, changing, deleting.

import { useState } from "preact/hooks";
import { Button, Dialog, Field } from "@handoff/ui";
import { newId } from "../page/ids.js";
import type { Canned } from "../model/canned.js";
import { useDesk } from "./context.js";

/** The list of texts, and the one that is written. */
export function TextsDialog() {
  const { say, dialog, canned } = useDesk();
  const [edited, setEdited] = useState<Canned | null>(null);
  const close = () => (dialog.value = "");
  if (edited) return <Edit key={edited.id} given={edited} onDone={() => setEdited(null)} />;
  const all = canned.all.value;
  return (
    <Dialog title={say("cannedTexts")} wide onClose={close}>
      <p class="hint">{all.length === 0 ? say("noTexts") : say("textsHere")}</p>
      <ul class="texts">
        {all.map((one) => (
          <li key={one.id}>
            <bdi class="canned-name">/{one.name}</bdi>
            <bdi class="canned-text">{one.text}</bdi>
            <Button look="text" aria-label={say("editNamed", { name: one.name })} onClick={() => setEdited(one)}>
              {say("edit")}
            </Button>
            <Button
              look="text"
              aria-label={say("deleteNamed", { name: one.name })}
              onClick={() => canned.remove(one.id)}
            >
              {say("delete")}
            </Button>
          </li>
        ))}
      </ul>
      <div class="acts">
        <Button onClick={() => setEdited({ id: newId(), name: "", text: "" })}>{say("addText")}</Button>
        <Button look="primary" onClick={close}>
          {say("close")}
        </Button>
      </div>
    </Dialog>
  );
}

function Edit({ given, onDone }: { given: Canned; onDone: () => void }) {
  const { say, canned } = useDesk();
  const [name, setName] = useState(given.name);
  const [text, setText] = useState(given.text);
  const [problem, setProblem] = useState<"" | "taken" | "empty">("");
  const submit = (event: Event) => {
    event.preventDefault();
    const done = canned.put({ ...given, name: name.trim(), text });
    if (done === "done") onDone();
    else setProblem(done);
  };
  const missing = (value: string) => (problem === "empty" && !value.trim() ? say("needed") : "");
  return (
    <Dialog title={given.name ? say("edit") : say("addText")} wide onClose={onDone}>
      <form class="stack" noValidate onSubmit={submit}>
        <Field
          name="text-name"
          label={say("textName")}
          required
          value={name}
          problem={problem === "taken" ? say("nameTaken") : missing(name)}
          onValue={setName}
        />
        <Field
          name="text-text"
          label={say("textText")}
          kind="long"
          required
          value={text}
          problem={missing(text)}
          onValue={setText}
        />
        <p class="hint">{say("textPlaces", { name: "{name}", agent: "{agent}" })}</p>
        <div class="acts">
          <Button onClick={onDone}>{say("cancel")}</Button>
          <Button look="primary" type="submit">
            {say("save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
