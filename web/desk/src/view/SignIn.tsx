// Signing in: name and password, and why that did not work.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button, Field } from "@handoff/ui";
import { refusalText } from "../model/words.js";
import { useDesk } from "./context.js";

/** The form that is there until an agent is signed in. */
export function SignIn() {
  const { sdk, say, connection } = useDesk();
  const [name, setName] = useState(sdk.name);
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const missing = (value: string) => (tried && !value.trim() ? say("needed") : "");
  const signing = sdk.phase === "signing";
  useLayoutEffect(() => {
    const first = form.current?.elements.namedItem(sdk.name ? "password" : "name");
    if (first instanceof HTMLElement) first.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const empty = !name.trim() ? "name" : !password ? "password" : "";
    const field = form.current?.elements.namedItem(empty);
    if (field instanceof HTMLElement) {
      field.focus();
      return;
    }
    sdk.signIn(name.trim(), password);
    setPassword("");
    setTried(false);
  };
  const { told } = connection;
  const problem = sdk.refused ? refusalText(sdk.refused, say) : "";
  return (
    <main class="sign-in">
      <form ref={form} noValidate onSubmit={submit}>
        <h1>{say("deskTitle")}</h1>
        <Field
          name="name"
          label={say("name")}
          required
          autocomplete="username"
          value={name}
          problem={missing(name)}
          onValue={setName}
        />
        <div class="field">
          <label for="password">{say("password")}</label>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            aria-invalid={missing(password) !== ""}
            aria-describedby="password-problem"
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
          <p class="problem" id="password-problem">
            {missing(password)}
          </p>
        </div>
        <p class="problem" role="alert">
          {problem}
        </p>
        <Button look="primary" type="submit" disabled={signing}>
          {signing ? say("signingIn") : say("signIn")}
        </Button>
        <p class="hint" role="status">
          {signing && told.value.is !== "well" ? say("noConnection") : ""}
        </p>
      </form>
    </main>
  );
}
