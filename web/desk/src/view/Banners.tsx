// What the agent has to know of their desk as a whole, one thin line at a time.

import { Banner, Button, clock, Toast } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { customerName } from "../model/rows.js";
import { useDesk } from "./context.js";

/** The one line that matters most now. */
export function Banners() {
  const desk = useDesk();
  return <Banner>{connectionLine(desk) ?? offerLine(desk) ?? missedLine(desk)}</Banner>;
}

/** Words about what was just done. */
export function Toasts() {
  const { toast } = useDesk();
  return <Toast text={toast.value} onGone={() => (toast.value = "")} />;
}

function connectionLine({ connection, say, language }: Desk): string | null {
  const told = connection.told.value;
  if (told.is === "away") return say("connectingAgainDesk");
  if (told.is === "lost") {
    const since = clock(connection.awaySince ?? Date.now(), language);
    return say("noConnectionDesk", { time: since });
  }
  if (told.is !== "back") return null;
  return told.lostChats > 0 ? say("backLost", { n: told.lostChats }) : say("back");
}

/** Where the list has no room beside the chat, what rings is told here. */
function offerLine(desk: Desk) {
  const { sdk, say, narrow, pane, page } = desk;
  const [offer] = [...sdk.offers.values()].filter(({ accepting }) => !accepting);
  const hidden = narrow.value && (pane.value === "chat" || page.value === "overview");
  if (!offer || !hidden) return null;
  return (
    <>
      {say("offerFrom", { name: customerName(offer, say) })}{" "}
      <Button look="text" onClick={() => void desk.accept(offer.chat)}>
        {say("accept")}
      </Button>
    </>
  );
}

function missedLine(desk: Desk) {
  const { sdk, say, missed } = desk;
  const { state, reason } = sdk.status;
  if (state !== "not_ready" || (reason !== "no answer" && reason !== "lost")) return null;
  const words =
    reason === "lost" ? say("lostNotReady") : missed.value ? say("missed", { name: missed.value }) : say("missedSome");
  return (
    <>
      {words}{" "}
      <Button look="text" onClick={() => void desk.ready()}>
        {say("becomeReady")}
      </Button>
    </>
  );
}
