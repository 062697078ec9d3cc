// What opens over the desk: shortcuts, settings, the agent's own texts, another reason.

import { useState } from "preact/hooks";
import { Button, Dialog, Field } from "@handoff/ui";
import { SHORTCUTS, type Act } from "../model/shortcuts.js";
import type { Say } from "../words/say.js";
import { useDesk } from "./context.js";
import { Search } from "./Search.js";
import { SettingsDialog } from "./Settings.js";
import { TextsDialog } from "./Texts.js";

/** The one that is open. */
export function Dialogs() {
  const { dialog } = useDesk();
  switch (dialog.value) {
    case "help":
      return <Help />;
    case "settings":
      return <SettingsDialog />;
    case "texts":
      return <TextsDialog />;
    case "search":
      return <Search />;
    case "reason":
      return <Reason />;
    case "":
      return null;
  }
}

function Help() {
  const { say, dialog, settings } = useDesk();
  const close = () => (dialog.value = "");
  return (
    <Dialog title={say("shortcuts")} wide onClose={close}>
      <p class="hint">{settings.value.shortcuts ? say("shortcutsHow") : say("shortcutsOff")}</p>
      <dl class="keys">
        {SHORTCUTS.map(({ act, key, code }) => (
          <div key={act}>
            <dt>
              <kbd>{key}</kbd> {code ? <kbd>Alt {codeText(code)}</kbd> : null}
            </dt>
            <dd>{actText(act, say)}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Ctrl K</kbd>
          </dt>
          <dd>{say("search")}</dd>
        </div>
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>{say("cannedTexts")}</dd>
        </div>
      </dl>
      <div class="acts">
        <Button onClick={() => (settings.value = { ...settings.value, shortcuts: !settings.value.shortcuts })}>
          {settings.value.shortcuts ? say("switchOff") : say("switchOn")}
        </Button>
        <Button look="primary" onClick={close}>
          {say("close")}
        </Button>
      </div>
    </Dialog>
  );
}

function codeText(code: string): string {
  return { ArrowDown: "↓", ArrowUp: "↑" }[code] ?? code.replace("Key", "");
}

function actText(act: Act, say: Say): string {
  const words: Record<Act, string> = {
    oldest: say("actOldest"),
    accept: say("actAccept"),
    decline: say("actDecline"),
    next: say("actNext"),
    previous: say("actPrevious"),
    write: say("actWrite"),
    mode: say("actMode"),
    end: say("actEnd"),
    status: say("actStatus"),
    details: say("actDetails"),
    search: say("search"),
    help: say("shortcuts"),
  };
  return words[act];
}

function Reason() {
  const desk = useDesk();
  const { say, dialog } = desk;
  const [reason, setReason] = useState("");
  const close = () => (dialog.value = "");
  const submit = (event: Event) => {
    event.preventDefault();
    close();
    void desk.notReady(reason.trim());
  };
  return (
    <Dialog title={say("notReady")} onClose={close}>
      <form class="stack" onSubmit={submit}>
        <Field name="reason" label={say("reason")} value={reason} onValue={setReason} />
        <div class="acts">
          <Button onClick={close}>{say("cancel")}</Button>
          <Button look="primary" type="submit">
            {say("notReady")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
