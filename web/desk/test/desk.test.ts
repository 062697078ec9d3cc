// The desk's model over the real client: the list's order, what is read, what opens, what is told.

import { memoryStore } from "@handoff/sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { forgetful } from "../src/model/keeping.js";
import { DeskServer, passes, signedIn } from "./support/desk-server.js";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-30T14:00:00Z") }));
afterEach(() => vi.useRealTimers());

const from = (by: number, text: string, ago = 0) => ({ type: "message", by, text, at: Date.now() - ago });
const MINUTE = 60_000;

describe("the list", () => {
  test("who waits longest for an answer stands first, then who was heard of last", async () => {
    const { server, desk } = await signedIn();
    server.chat("answered", from(1, "hello", 9 * MINUTE), from(2, "hello", 8 * MINUTE));
    server.chat("late", from(1, "hello?", 5 * MINUTE), from(1, "anybody?", MINUTE));
    server.chat("new", from(1, "hi", 2 * MINUTE));
    await passes(50);
    expect(desk.order.value).toEqual(["late", "new", "answered"]);
    const late = desk.rows.value.find(({ id }) => id === "late");
    expect([late?.waitingSince, late?.line]).toEqual([Date.now() - 5 * MINUTE - 50, "anybody?"]);
    expect(desk.rows.value.find(({ id }) => id === "answered")).toMatchObject({
      waitingSince: null,
      line: "hello",
      mine: true,
    });
  });

  test("a bot's word is no agent's answer", async () => {
    const { server, desk } = await signedIn();
    server.chat("C1", from(1, "hello", MINUTE), from(3, "One moment."));
    await passes(50);
    expect(desk.rows.value[0]?.waitingSince).toBe(Date.now() - MINUTE - 50);
  });

  test("nothing moves while somebody points at it; what is new comes last", async () => {
    const { server, desk } = await signedIn();
    server.chat("one", from(1, "hello", 3 * MINUTE));
    server.chat("two", from(1, "hello", 2 * MINUTE));
    await passes(50);
    expect(desk.order.value).toEqual(["one", "two"]);
    desk.listHeld.value = true;
    server.happens("one", from(2, "answered"));
    server.chat("three", from(1, "hello", 9 * MINUTE));
    await passes(50);
    expect(desk.order.value).toEqual(["one", "two", "three"]);
    desk.listHeld.value = false;
    expect(desk.order.value).toEqual(["three", "two", "one"]);
  });

  test("a row of which nothing changed is the same row", async () => {
    const { server, desk } = await signedIn();
    server.chat("C1", from(1, "hello"));
    server.chat("C2", from(1, "hello"));
    await passes(50);
    const before = desk.rows.value;
    server.happens("C2", from(1, "more"));
    await passes(50);
    expect(desk.rows.value[0]).toBe(before[0]);
    expect(desk.rows.value[1]).not.toBe(before[1]);
  });

  test("the oldest unanswered one opens, and it is said when there is none", async () => {
    const { server, desk } = await signedIn();
    server.chat("C1", from(1, "hello", MINUTE), from(2, "hello"));
    await passes(50);
    expect(desk.selectOldest()).toBe(false);
    expect(desk.toast.value).toBe("All customers are answered.");
    server.chat("C2", from(1, "hello", 2 * MINUTE));
    server.chat("C3", from(1, "hello", 3 * MINUTE));
    await passes(50);
    expect(desk.selectOldest()).toBe(true);
    expect(desk.selected.value).toBe("C3");
    desk.selectNeighbour(1);
    expect(desk.selected.value).toBe("C2");
    desk.selectNeighbour(-1);
    desk.selectNeighbour(-1);
    expect(desk.selected.value).toBe("C1");
  });
});

describe("unread", () => {
  test("what one has answered is read, and unread and order survive a reload", async () => {
    const server = new DeskServer();
    const kept = { store: memoryStore(), tab: forgetful(), local: forgetful() };
    const first = await signedIn(server, kept);
    server.chat("C1", from(1, "one", MINUTE), from(2, "two"));
    server.chat("C2", from(1, "one", 2 * MINUTE));
    await passes(1500);
    server.happens("C2", from(1, "two"), from(1, "three"));
    await passes(50);
    const shown = () => first.desk.rows.value.map(({ id, unread }) => [id, unread]);
    expect(shown()).toEqual([
      ["C1", 0],
      ["C2", 3],
    ]);
    first.desk.select("C2");
    const before = first.desk.order.value;
    first.sdk.close();
    first.desk.close();
    const { desk } = await signedIn(server, kept);
    expect(desk.selected.value).toBe("C2");
    expect(desk.rows.value.map(({ id, unread }) => [id, unread])).toEqual(shown());
    expect(desk.order.value).toEqual(before);
  });

  test("what is read in another window is read here", async () => {
    const { server, desk } = await signedIn();
    server.chat("C1", from(1, "one"));
    await passes(1500);
    const [event] = server.happens("C1", from(1, "two"));
    await passes(50);
    expect(desk.calls.value).toBe(2);
    server.happens("C1", { type: "read", by: 2, through: event?.["index"] });
    await passes(50);
    expect(desk.calls.value).toBe(0);
  });
});

describe("offers", () => {
  test("one that is accepted here opens when it has come; one of another window does not", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1");
    server.offer("C2");
    await passes(50);
    expect(desk.calls.value).toBe(2);
    void desk.accept();
    await passes(50);
    expect([desk.selected.value, desk.pane.value]).toEqual(["C1", "chat"]);
    server.work[1]!["stage"] = "chatting";
    server.desk();
    await passes(50);
    expect([desk.rows.value.length, desk.selected.value]).toEqual([2, "C1"]);
  });

  test("one that went unanswered is told of until the agent is ready again; one that was declined is not", async () => {
    const { server, desk, sdk } = await signedIn();
    server.status = { state: "not_ready", reason: "break" };
    server.offer("C1", "Mateo");
    await passes(50);
    void desk.decline();
    await passes(50);
    expect(desk.missed.value).toBe("");
    server.status = { state: "ready", reason: "" };
    server.offer("C2", "Mateo");
    await passes(50);
    server.work = [];
    server.status = { state: "not_ready", reason: "no answer" };
    server.desk();
    await passes(50);
    expect([desk.missed.value, sdk.status.reason]).toEqual(["Mateo", "no answer"]);
    void desk.ready();
    await passes(50);
    expect([desk.missed.value, sdk.status.state]).toEqual(["", "ready"]);
  });

  test("why something was refused is said in words", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1");
    await passes(50);
    server.instead = ({ do: what }) =>
      what === "accept" ? { error: { code: "no_claim", message: "gone", retry: false } } : undefined;
    await Promise.all([desk.accept("C1"), passes(50)]);
    expect(desk.toast.value).toBe("This chat is no longer yours to take.");
    server.instead = ({ do: what }) =>
      what === "sign_out" ? { error: { code: "has_chats", message: "no", retry: false } } : undefined;
    await Promise.all([desk.signOut(), passes(50)]);
    expect(desk.toast.value).toBe("You still have chats. End them first.");
  });
});

test("a chat that is over stays until it is taken out, and then nothing is open", async () => {
  const { server, desk } = await signedIn();
  server.chat("C1", from(1, "hello"));
  await passes(50);
  desk.select("C1");
  void desk.leave("C1", "close_if_no_agents");
  await passes(50);
  expect(desk.rows.value[0]).toMatchObject({ over: true, line: "over", waitingSince: null });
  expect(server.commands("leave")[0]?.["how"]).toBe("close_if_no_agents");
  desk.dismiss("C1");
  await passes(50);
  expect([desk.rows.value.length, desk.selected.value, desk.pane.value]).toEqual([0, "", "list"]);
});

test("supervisors get the overview with their sign-in, others do not ask for it", async () => {
  const server = new DeskServer();
  await signedIn(server);
  expect(server.commands("oversee")).toEqual([]);
  const other = new DeskServer();
  other.supervisor = true;
  const { desk } = await signedIn(other);
  expect(other.commands("oversee")).toMatchObject([{ on: true, chats: { state: "open" } }]);
  desk.supervision.filter({ queue: "sales" });
  await passes(50);
  expect(other.commands("oversee").at(-1)).toMatchObject({ chats: { state: "open", queue: "sales" } });
  other.last.close();
  await passes(5000);
  expect(other.last.commands.filter((command) => command["do"] === "oversee").length).toBeGreaterThan(0);
});
