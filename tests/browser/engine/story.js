// A customer's chat through losses, as an app of React Native would have it: over sockets, after a restart of the app, and
// over HTTP where sockets are blocked. What came of it is printed as JSON.

import { pass, server } from "./world.js";
import { asyncStorageStore, CustomerChat } from "@handoff/sdk";

/** As `AsyncStorage`. */
const kept = {};
const storage = {
  getItem: async (key) => kept[key] ?? null,
  setItem: async (key, value) => void (kept[key] = value),
};
let seed = 7;
const getRandomValues = (bytes) => bytes.forEach((_, at) => (bytes[at] = seed = (seed * 31 + at) % 251));
const app = async () =>
  new CustomerChat({
    nodes: ["http://one.test", "http://two.test"],
    store: await asyncStorageStore(storage, "chat"),
    getRandomValues,
  });

async function story() {
  const first = await app();
  first.start({ nickname: "Zoë" });
  await pass(100);
  first.typing("half of what is");
  await pass(1000);
  first.send("half \ud83d of one, and a whole 🦊");
  await pass(100);
  server.losesAnswer = true;
  first.send("its answer is lost");
  await pass(3000);
  server.down.push("http://one.test", "http://two.test");
  server.cut();
  first.send("said while no node is there");
  await pass(3000);
  first.close();
  const waiting = first.pending.map(({ state }) => state);

  server.down = [];
  const second = await app();
  await pass(3000);
  second.close();

  server.socketsBlocked = true;
  const third = await app();
  await pass(5000);
  third.typing("x".repeat(600));
  await pass(1000);
  third.send("over HTTP");
  await pass(3000);
  const { connection, transport, pending, thread } = third;
  const shown = thread.events.filter(({ type }) => type === "message").map(({ text }) => text);
  third.close();
  return { waiting, texts: server.texts, shown, connection, transport, pending };
}

story().then(
  (told) => print(JSON.stringify(told)),
  (error) => print(`${error}\n${error.stack}`),
);
