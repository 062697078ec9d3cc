// An agent who takes whatever is offered and repeats what they are told: HANDOFF_PASSWORD=... node agent.mjs NAME NODE...

import { AgentDesk } from "@handoff/sdk";
import { engine } from "./node.mjs";

const [name, ...nodes] = process.argv.slice(2);
const password = process.env["HANDOFF_PASSWORD"];
if (!name || !password || nodes.length === 0) {
  console.error("usage: HANDOFF_PASSWORD=... node agent.mjs NAME NODE...");
  process.exit(2);
}

const desk = new AgentDesk({ nodes, ...engine });

desk.on("phase", (phase) => {
  if (phase === "in") void desk.ready();
  if (phase === "out") {
    console.error(`signed out: ${desk.refused}`);
    process.exit(1);
  }
});
desk.on("offer", (offer) => {
  console.log(`${offer.customer.nickname} waits: ${offer.customer.subject}`);
  // It may be gone by then, which the desk shows.
  desk.accept(offer.chat).catch(() => undefined);
});
desk.on("event", ({ chat, event }) => {
  if (event.type !== "message" || chat.thread.participant(event.by)?.role !== "customer") return;
  // A program that was started again is told everything again: this was answered.
  const own = chat.thread.events.filter(({ type, by }) => type === "message" && chat.thread.isMine(by));
  if (own.some(({ index }) => index > event.index)) return;
  console.log(`they said: ${event.text ?? ""}`);
  chat.read();
  chat.send(`You said: ${event.text ?? ""}`);
});
desk.on("over", (chat) => {
  console.log(`over: ${chat.over}`);
  desk.dismiss(chat.id);
});

desk.signIn(name, password);
