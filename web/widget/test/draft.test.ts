// What a customer typed and did not send: of one chat, through reloads, and gone with the next one.

import { signal } from "@preact/signals-core";
import { expect, test } from "vitest";
import { loadCatalogue, sayer } from "@handoff/ui";
import { NO_CHAT, type ChatState } from "../src/chat/state.js";
import { forgetful } from "../src/model/settings.js";
import { WidgetModel } from "../src/model/widget.js";

const speech = { language: "en" as const, say: sayer("en", await loadCatalogue("en")) };

/** A tab of a browser: its page can be loaded anew, and other tabs can change the chat. */
function tab() {
  const tabStorage = forgetful();
  const page = () => {
    const state = signal<ChatState>(NO_CHAT);
    const model = new WidgetModel({
      service: "default",
      speech,
      chat: { state, ask: () => undefined },
      fetchService: () => Promise.resolve(null),
      siteStorage: forgetful(),
      tabStorage,
      now: Date.now,
    });
    const is = (more: Partial<ChatState>) => (state.value = { ...NO_CHAT, ...more });
    return { model, is };
  };
  return { page };
}

test("a draft is there again after a reload of its chat", () => {
  const { page } = tab();
  const before = page();
  before.is({ phase: "open", chat: "one" });
  before.model.type("half a sent");
  before.model.stop();
  const after = page();
  expect(after.model.draft.value).toBe("half a sent");
  after.is({ phase: "open", chat: "one" });
  expect(after.model.draft.value).toBe("half a sent");
  after.model.stop();
});

test("it can be copied until the next chat begins, which has none of it, in whichever tab it began", () => {
  const { page } = tab();
  const { model, is } = page();
  is({ phase: "open", chat: "one" });
  model.type("the old card number");
  is({ phase: "ended", chat: "one" });
  model.again();
  is({ phase: "idle" });
  is({ phase: "starting" });
  expect(model.draft.value).toBe("the old card number");
  is({ phase: "open", chat: "two" });
  expect(model.draft.value).toBe("");
  model.type("new");
  model.stop();
  // Another tab ended that one and began a third while this one was on a page without the chat.
  const later = page();
  later.is({ phase: "open", chat: "three" });
  expect(later.model.draft.value).toBe("");
  later.model.stop();
});
