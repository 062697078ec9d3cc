// The middle pane: who it is, the conversation, and where the agent writes.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { AgentChat, AgentItem, LeaveHow } from "@handoff/sdk";
import {
  Banner,
  Button,
  clock,
  Day,
  EmptyState,
  IconButton,
  Line,
  Log,
  Menu,
  Message,
  Typing,
  Unsent,
  type MessageActs,
  type Row,
  type Said,
} from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { authorOf, isInternal } from "../model/conversation.js";
import { follow } from "../model/follow.js";
import type { Modes } from "../model/modes.js";
import { customerName } from "../model/rows.js";
import { channelText } from "../model/words.js";
import { useDesk } from "./context.js";
import { BACK, INFO } from "./icons.js";
import { NoChats } from "./NoChats.js";
import { DeskComposer } from "./DeskComposer.js";
import { FileInMessage } from "./Files.js";
import { Unverified } from "./Unverified.js";

/** What loads for less than this is not said to load. */
const LOADING_MS = 300;

/** The middle pane. */
export function ChatPane({ onAtEnd }: { onAtEnd: (atEnd: boolean) => void }) {
  const desk = useDesk();
  const chat = desk.chat;
  return <main class="middle">{chat ? <OpenChat key={chat.id} chat={chat} onAtEnd={onAtEnd} /> : <NoChat />}</main>;
}

function NoChat() {
  const desk = useDesk();
  const { say, rows } = desk;
  if (rows.value.length === 0) return <NoChats />;
  const waits = rows.value.some(({ waitingSince }) => waitingSince !== null);
  return (
    <EmptyState text={say("chooseChat")}>
      {waits ? (
        <Button look="primary" onClick={() => desk.selectOldest()}>
          {say("openOldest")}
        </Button>
      ) : null}
    </EmptyState>
  );
}

function OpenChat({ chat, onAtEnd }: { chat: AgentChat; onAtEnd: (atEnd: boolean) => void }) {
  const desk = useDesk();
  const { say } = desk;
  const writes = !chat.over && !chat.leaving;
  return (
    <section class="chat" aria-labelledby="chat-name">
      <Header chat={chat} />
      <Banner>{chatLine(desk, chat)}</Banner>
      <Conversation chat={chat} onAtEnd={onAtEnd} />
      {writes ? <DeskComposer chat={chat} /> : null}
      {chat.over ? (
        <div class="chat-over">
          <Unsent text={[chat.draft, chat.internalDraft].filter(Boolean).join("\n\n")} />
          <Button onClick={() => desk.dismiss(chat.id)}>{say("dismiss")}</Button>
        </div>
      ) : null}
    </section>
  );
}

function Header({ chat }: { chat: AgentChat }) {
  const desk = useDesk();
  const { say, drawer, pane } = desk;
  const unread = desk.rows.value.reduce((sum, row) => sum + (row.id === chat.id ? 0 : row.unread), 0);
  return (
    <header class="chat-bar">
      <span class="narrow">
        <IconButton icon={BACK} label={say("backToList")} onClick={() => (pane.value = "list")} />
        {unread > 0 ? (
          <span class="badge">
            <span aria-hidden="true">{unread}</span>
            <span class="unseen">{say("unread", { n: unread })}</span>
          </span>
        ) : null}
      </span>
      <div class="chat-title">
        <h2 id="chat-name">
          <bdi>{customerName(chat.work, say)}</bdi> <Unverified verified={chat.work.customer.verified} />
        </h2>
        <About chat={chat} />
      </div>
      <span class="below-wide">
        <IconButton
          icon={INFO}
          label={say("details")}
          id="details-button"
          aria-expanded={drawer.value}
          aria-controls="details"
          onClick={() => (drawer.value = !drawer.value)}
        />
      </span>
      {chat.over || chat.leaving ? null : <End chat={chat} />}
    </header>
  );
}

/** Channel, how long it goes on, who is here. */
function About({ chat }: { chat: AgentChat }) {
  const { say, language, now, conversation } = withConversation(useDesk(), chat);
  const { thread } = chat;
  const here = [...thread.present]
    .filter((number) => thread.participant(number)?.role !== "customer")
    .map((number) => authorOf(number, thread.participant(number), say))
    .map(({ me, bot, name }) => (me ? say("youHere") : bot ? say("bot", { name }) : name));
  const parts = [
    thread.channel ? channelText(thread.channel.name, say) : "",
    conversation.startedAt === null ? "" : duration(now.value - conversation.startedAt, say),
    here.length > 0 ? say("hereNow", { names: new Intl.ListFormat(language).format(here) }) : "",
  ];
  return <p class="about">{parts.filter(Boolean).join(" · ")}</p>;
}

function withConversation(desk: Desk, chat: AgentChat) {
  const { say, language, now } = desk;
  return { say, language, now, conversation: desk.conversation(chat) };
}

function duration(ms: number, say: Desk["say"]): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return say("minutesShort", { n: minutes });
  return minutes < 24 * 60
    ? say("hoursShort", { n: Math.floor(minutes / 60) })
    : say("daysShort", { n: Math.floor(minutes / 60 / 24) });
}

function End({ chat }: { chat: AgentChat }) {
  const desk = useDesk();
  const { say } = desk;
  const leave = (how: LeaveHow) => () => void desk.leave(chat.id, how);
  return (
    <div class="end-menu">
      <Menu
        label={say("end")}
        buttonId="end"
        items={[
          { label: say("leaveClose"), hint: say("leaveCloseHint"), act: leave("close_if_no_agents") },
          { label: say("leaveKeep"), hint: say("leaveKeepHint"), act: leave("keep_alive") },
          { label: say("leaveForce"), hint: say("leaveForceHint"), act: leave("force_close") },
        ]}
      >
        {say("end")}
      </Menu>
    </div>
  );
}

/** What has to be known of the chat as a whole. */
function chatLine({ say, language }: Desk, chat: AgentChat): string {
  const { thread, over } = chat;
  if (over === "lost") return say("overLost");
  if (over === "left") return say("overLeft");
  if (over) return endLine(chat, say, language);
  if (chat.leaving) return say("leaving");
  if (thread.events.length > 0 && !thread.has("customer")) return say("customerLeft");
  const window = thread.channel?.window;
  if (window?.until && window.until < Date.now() && window.after === null) return say("windowClosed");
  return window?.left === null || window?.left === undefined ? "" : say("windowLeft", { n: window.left });
}

/** Who ended it, and when. */
function endLine({ thread }: AgentChat, say: Desk["say"], language: string): string {
  const last = thread.events.at(-1);
  if (!last) return say("overShort");
  const left = thread.events
    .filter(({ type, by }) => type === "left" && thread.participant(by)?.role === "customer")
    .at(-1);
  if (left?.reason === "left") return say("endedByCustomer", { time: clock(left.at, language) });
  return say("chatEnded", { time: clock(last.at, language) });
}

function Conversation({ chat, onAtEnd }: { chat: AgentChat; onAtEnd: (atEnd: boolean) => void }) {
  const desk = useDesk();
  const { say, log, now } = desk;
  const acts = useActs(chat);
  const names = chat.thread.typists.map(({ by }) => authorOf(by.number, by, say).name);
  const preview = chat.thread.typists.find((typist) => typist.preview)?.preview ?? "";
  const draw = (row: Row) => {
    if (row.kind === "day") return <Day at={row.at} now={Date.now()} />;
    if (row.kind === "line") return <Line text={row.entry.text} at={row.entry.at} timed />;
    return <Message row={row} acts={acts} own={say("you")} />;
  };
  useEffect(() => () => onAtEnd(false), []);
  // Who types no longer does after a while, which no event tells.
  if (names.length > 0) follow(now);
  if (chat.thread.events.length === 0 && !chat.over) return <Loading />;
  return (
    <Log rows={log.value} draw={draw} onAtEnd={onAtEnd}>
      <Typing names={names} preview={preview} />
    </Log>
  );
}

/** The conversation's shape, until it comes. */
function Loading() {
  const { say } = useDesk();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LOADING_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="log-place loading" aria-busy="true">
      {late ? (
        <>
          <p class="unseen" role="status">
            {say("loading")}
          </p>
          <div class="skeleton" aria-hidden="true" />
          <div class="skeleton mine" aria-hidden="true" />
          <div class="skeleton" aria-hidden="true" />
        </>
      ) : null}
    </div>
  );
}

/** What can be done with a message that failed, and with files. */
function useActs(chat: AgentChat): MessageActs {
  const over = chat.over !== "";
  const { modes } = useDesk();
  return useMemo(() => actsOf(chat, modes, over), [chat, modes, over]);
}

function actsOf(chat: AgentChat, modes: Modes, over: boolean): MessageActs {
  const itemOf = (entry: Said): AgentItem | undefined => chat.pending.find(({ id }) => entry.key === `p${id}`);
  const onItem = (act: (item: AgentItem) => void) => (entry: Said) => {
    const item = itemOf(entry);
    if (item?.state === "failed") act(item);
  };
  return {
    onEdit: onItem((item) => {
      const text = item.command.do === "send" ? item.command.text : "";
      chat.discard(item);
      modes.choose(chat, isInternal(item.command) ? "agents" : "customer");
      // What is being written already stays below.
      modes.write(chat, [text, modes.draft(chat)].filter(Boolean).join("\n"));
      document.getElementById("message")?.focus();
    }),
    ...(!over && { onSendAgain: onItem((item) => void chat.resend(item)) }),
    onDelete: onItem((item) => chat.discard(item)),
    drawFile: (file) => <FileInMessage chat={chat} file={file} />,
  };
}
