// Where an agent has no chat: whether one comes, and the act that changes that.

import { Button, EmptyState } from "@handoff/ui";
import { useDesk } from "./context.js";

/** Says what state the agent is in. */
export function NoChats() {
  const desk = useDesk();
  const { sdk, say } = desk;
  if (sdk.status.state === "ready") return <EmptyState text={say("readyEmpty")} />;
  return (
    <EmptyState text={say("notReadyEmpty")}>
      <Button look="primary" onClick={() => void desk.ready()}>
        {say("becomeReady")}
      </Button>
    </EmptyState>
  );
}
