// A customer in a terminal: node customer.mjs FILE NODE...
//
// Each line that is typed is a message. The chat is kept in FILE: started again with the same file, the program goes on with
// it, and with what was not sent yet. "/leave" ends the chat.

import { createInterface } from "node:readline";
import { CustomerChat } from "@handoff/sdk";
import { engine, fileStore } from "./node.mjs";

const [file, ...nodes] = process.argv.slice(2);
if (!file || nodes.length === 0) {
  console.error("usage: node customer.mjs FILE NODE...");
  process.exit(2);
}

const chat = new CustomerChat({ nodes, ...engine, store: fileStore(file) });

chat.on("event", (event) => {
  const who = chat.thread.participant(event.by)?.nickname ?? "";
  console.log(event.type === "message" ? `${who}: ${event.text ?? ""}` : `(${who} ${event.type})`);
  chat.read();
});
chat.on("phase", (phase) => {
  if (phase === "ended") process.exit(0);
});
chat.on("refused", ({ message }) => {
  console.error(message);
  process.exit(1);
});

if (chat.phase === "idle") chat.start({ nickname: "Zoë", subject: "A question" });

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "/leave") chat.leave();
  else if (line.trim()) chat.send(line);
});
