// What an agent chooses for themselves.

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Button, Dialog } from "@handoff/ui";
import { sound } from "../page/sounds.js";
import { PATIENCE, REPEATS, SOUND_KINDS, TONES, type Settings, type SoundKind, type Tone } from "../model/settings.js";
import type { Say } from "../words/say.js";
import { useDesk } from "./context.js";

/** The settings. */
export function SettingsDialog() {
  const { say, dialog, settings } = useDesk();
  const now = settings.value;
  const change = (change: Partial<Settings>) => (settings.value = { ...now, ...change });
  const close = () => (dialog.value = "");
  return (
    <Dialog title={say("settings")} wide onClose={close}>
      <Sounds now={now} change={change} />
      <Notifications now={now} change={change} />
      <Group title={say("desk")}>
        <Choice
          label={say("patience")}
          value={now.patience}
          options={PATIENCE.map((n) => [n, say("minutesLong", { n })])}
          onChoose={(patience) => change({ patience })}
        />
        <Choice
          label={say("theme")}
          value={now.theme}
          options={[
            ["auto", say("themeAuto")],
            ["light", say("themeLight")],
            ["dark", say("themeDark")],
          ]}
          onChoose={(theme) => change({ theme })}
        />
        <Switch label={say("shortcutsOn")} on={now.shortcuts} turn={(shortcuts) => change({ shortcuts })} />
      </Group>
      <div class="acts">
        <Button look="primary" onClick={close}>
          {say("close")}
        </Button>
      </div>
    </Dialog>
  );
}

interface Part {
  readonly now: Settings;
  readonly change: (change: Partial<Settings>) => void;
}

function Sounds({ now, change }: Part) {
  const { say } = useDesk();
  const id = useId();
  const choose = (kind: SoundKind) => (tone: Tone) => {
    change({ sounds: { ...now.sounds, [kind]: tone } });
    sound(tone, now.volume);
  };
  return (
    <Group title={say("sounds")}>
      {SOUND_KINDS.map((kind) => (
        <Choice
          key={kind}
          label={kindText(kind, say)}
          value={now.sounds[kind]}
          options={TONES.map((tone) => [tone, toneText(tone, say)])}
          onChoose={choose(kind)}
        />
      ))}
      <div class="setting">
        <label for={id}>{say("volume")}</label>
        <input
          id={id}
          type="range"
          min={0}
          max={100}
          step={5}
          value={now.volume}
          onInput={(event) => change({ volume: Number(event.currentTarget.value) })}
          onChange={(event) => sound("chime", Number(event.currentTarget.value))}
        />
      </div>
      <Choice
        label={say("repeat")}
        value={now.repeat}
        options={REPEATS.map((n) => [n, n === 0 ? say("never") : say("everySeconds", { n })])}
        onChoose={(repeat) => change({ repeat })}
      />
    </Group>
  );
}

function Notifications({ now, change }: Part) {
  const { say } = useDesk();
  const [denied, setDenied] = useState(false);
  if (!("Notification" in globalThis)) return null;
  const turn = async (on: boolean) => {
    const allowed = !on || (await Notification.requestPermission()) === "granted";
    setDenied(!allowed);
    change({ notifications: on && allowed });
  };
  return (
    <Group title={say("notifications")}>
      <Switch label={say("notificationsOn")} on={now.notifications} turn={(on) => void turn(on)} />
      <p class="hint" role="status">
        {denied ? say("notificationsDenied") : ""}
      </p>
    </Group>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <fieldset class="settings-group">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface ChoiceProps<T extends string | number> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChoose: (value: T) => void;
}

function Choice<T extends string | number>({ label, value, options, onChoose }: ChoiceProps<T>) {
  const id = useId();
  const choose = (chosen: string) => {
    const found = options.find(([one]) => String(one) === chosen);
    if (found) onChoose(found[0]);
  };
  return (
    <div class="setting">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map(([one, title]) => (
          <option key={one} value={one}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

function Switch({ label, on, turn }: { label: string; on: boolean; turn: (on: boolean) => void }) {
  const id = useId();
  return (
    <div class="setting">
      <label for={id}>{label}</label>
      <input id={id} type="checkbox" checked={on} onChange={(event) => turn(event.currentTarget.checked)} />
    </div>
  );
}

function kindText(kind: SoundKind, say: Say): string {
  const words: Record<SoundKind, string> = {
    offer: say("soundOffer"),
    message: say("soundMessage"),
    over: say("soundOver"),
    connection: say("soundConnection"),
  };
  return words[kind];
}

function toneText(tone: Tone, say: Say): string {
  const words: Record<Tone, string> = {
    none: say("toneNone"),
    chime: say("toneChime"),
    bell: say("toneBell"),
    knock: say("toneKnock"),
  };
  return words[tone];
}
