// The whole desk: its bar, its panes, what opens over them; or the form to sign in.

import { useEffect, useState } from "preact/hooks";
import { EmptyState } from "@handoff/ui";
import { Toasts } from "./Banners.js";
import { Bar } from "./Bar.js";
import { ChatPane } from "./Chat.js";
import { useDesk } from "./context.js";
import { Details } from "./Details.js";
import { Dialogs } from "./Dialogs.js";
import { List } from "./List.js";
import { Overview } from "./Overview.js";
import { SignIn } from "./SignIn.js";

/** What takes longer than this is said to take long. */
const LOADING_MS = 300;

/** The page. `onAtEnd` is told whether the open chat's newest words are in sight. */
export function App({ onAtEnd }: { onAtEnd: (atEnd: boolean) => void }) {
  const { sdk, page, pane, narrow } = useDesk();
  // Who comes with a token is in after a moment: no form flashes up.
  const [asked, setAsked] = useState(sdk.phase === "out");
  useEffect(() => {
    if (sdk.phase !== "signing") setAsked(sdk.phase === "out");
  }, [sdk.phase]);
  if (sdk.phase === "out" || (sdk.phase === "signing" && asked)) return <SignIn />;
  if (sdk.phase === "signing") return <Coming />;
  const overview = page.value === "overview" && sdk.overview.allowed;
  const shown = overview ? "overview" : pane.value;
  const list = !narrow.value || shown === "list";
  const rest = !narrow.value || shown !== "list";
  return (
    <div class="desk">
      <Bar />
      <div class={`panes${overview ? " with-overview" : ""}`} role={rest ? undefined : "main"}>
        {list ? <List /> : null}
        {rest && overview ? <Overview /> : null}
        {rest && !overview ? <ChatPane onAtEnd={onAtEnd} /> : null}
        {rest && !overview ? <Details /> : null}
      </div>
      <Toasts />
      <Dialogs />
    </div>
  );
}

/** An agent with a token, before the server has answered. */
function Coming() {
  const { say, connection } = useDesk();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LOADING_MS);
    return () => clearTimeout(timer);
  }, []);
  const away = connection.told.value.is !== "well";
  return (
    <main class="coming" aria-label={say("deskTitle")}>
      {late ? <EmptyState text={away ? say("noConnection") : say("signingIn")} /> : null}
    </main>
  );
}
