// The left pane: the agent's chats, the queues, and below them what is offered.

import { ago, Avatar, Button, Countdown, countdown, fullTime } from "@handoff/ui";
import type { Offer } from "@handoff/sdk";
import { useEffect, useState } from "preact/hooks";
import type { ChatRow } from "../model/rows.js";
import { customerName } from "../model/rows.js";
import { useDesk, useQuietDesk } from "./context.js";
import { useHold } from "./hold.js";
import { NoChats } from "./NoChats.js";
import { Unverified } from "./Unverified.js";

/** Above this time a wait is told in hours and days, not in minutes and seconds. */
const DIGITS_MS = 3_600_000;
/** How long something new stands there before it can be pressed. */
const SETTLE_MS = 400;
/** Most attached data on an offer; the details have all. */
const DATA_MAX = 4;

/** The left pane. */
export function List() {
  const { say } = useDesk();
  return (
    <nav class="list" aria-label={say("chats")}>
      <div class="list-scroller">
        <Chats />
        <Queues />
      </div>
      <Offers />
    </nav>
  );
}

/** What is offered, in room of its own: what comes and goes moves no row of the list, the oldest stays where it is. */
function Offers() {
  const { sdk, say } = useDesk();
  const offers = [...sdk.offers.values()];
  const settled = useSettled(offers.map(({ chat }) => chat).join());
  return (
    <section class="offers" aria-labelledby="offers-title">
      <h2 id="offers-title" class={offers.length > 0 ? "" : "unseen"}>
        {say("offers")}
      </h2>
      <div class="unseen" aria-live="assertive">
        {offers.map((offer) => say("offerRead", { name: customerName(offer, say), subject: offer.customer.subject }))}
      </div>
      <div class={`offer-cards${settled ? "" : " unsettled"}`}>
        {offers.map((offer) => (
          <OfferCard key={offer.chat} offer={offer} />
        ))}
      </div>
    </section>
  );
}

/** Whether this has been the same for a moment: a press that was meant for what stood here before does nothing. */
function useSettled(which: string): boolean {
  const [settledAs, setSettledAs] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettledAs(which), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [which]);
  return settledAs === which;
}

function OfferCard({ offer }: { offer: Offer }) {
  const desk = useDesk();
  const { say, now } = desk;
  const { customer, queue, chat, accepting } = offer;
  const all = Object.entries(customer.data);
  const leftOut = Math.max(0, all.length - DATA_MAX) + customer.left_out;
  return (
    <article class={`offer${accepting ? " accepting" : ""}`} data-chat={chat} aria-label={customerName(offer, say)}>
      <div class="offer-top">
        <h3 dir="auto">{customerName(offer, say)}</h3>
        {accepting ? <span class="hint">{say("accepting")}</span> : null}
      </div>
      <Unverified verified={customer.verified} />
      <p class="offer-text">
        <bdi>{queue}</bdi> · {say("waitingFor", { time: ago(customer.since, now.value, say) })}
        {customer.subject ? (
          <>
            {" · "}
            <bdi>{customer.subject}</bdi>
          </>
        ) : null}
      </p>
      {all.length > 0 ? (
        <dl class="facts">
          {all.slice(0, DATA_MAX).map(([key, value]) => (
            <div key={key}>
              <dt dir="auto">{key}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ))}
        </dl>
      ) : null}
      {leftOut > 0 ? <p class="hint">{say("leftOut", { n: leftOut })}</p> : null}
      <div class="acts">
        <Button look="primary" disabled={accepting} onClick={() => void desk.accept(chat)}>
          {say("accept")}
        </Button>
        <Button disabled={accepting} onClick={() => void desk.decline(chat)}>
          {say("decline")}
        </Button>
      </div>
      {accepting ? null : <Countdown left={() => offer.leftMs} of={offer.totalMs} />}
    </article>
  );
}

function Chats() {
  const desk = useDesk();
  const { say, rows, order, listHeld, narrow, page } = desk;
  // Beside an open place for a chat it is said there.
  const sayNone = rows.value.length === 0 && (narrow.value || page.value !== "chats");
  const byId = new Map(rows.value.map((row) => [row.id, row]));
  const live = rows.value.filter(({ over }) => !over).length;
  return (
    <section class="chats" aria-labelledby="chats-title" {...useHold(listHeld)}>
      <h2 id="chats-title">
        {say("myChats")} <span class="count">{live}</span>
      </h2>
      {sayNone ? <NoChats /> : null}
      <ul>
        {order.value.map((id) => {
          const row = byId.get(id);
          return row ? <Row key={id} row={row} /> : null;
        })}
      </ul>
    </section>
  );
}

function Row({ row }: { row: ChatRow }) {
  const desk = useQuietDesk();
  const { say, selected, page } = desk;
  const current = selected.value === row.id && page.value === "chats";
  return (
    <li data-chat={row.id}>
      <button
        type="button"
        class={`row-button${current ? " selected" : ""}${row.over ? " over" : ""}`}
        aria-current={current}
        onClick={() => desk.select(row.id)}
      >
        <Avatar name={row.name} />
        <span class="row-name" dir="auto">
          {row.name}
        </span>
        <Time row={row} />
        <span class="row-line">
          {row.mine ? <span class="row-you">{say("youSaid")} </span> : null}
          <span class="row-text" dir="auto">
            {row.line}
          </span>
        </span>
        {row.unread > 0 ? (
          <span class="badge">
            <span aria-hidden="true">{row.unread}</span>
            <span class="unseen">{say("unread", { n: row.unread })}</span>
          </span>
        ) : null}
      </button>
    </li>
  );
}

/** How long the customer waits for an answer; of who is answered, how long ago the last word was. */
function Time({ row }: { row: ChatRow }) {
  const { say, now, settings, language } = useQuietDesk();
  const { waitingSince, at } = row;
  if (waitingSince === null) {
    if (at === null) return <span class="row-time" />;
    return (
      <span class="row-time" title={fullTime(at, language)}>
        {ago(at, now.value, say)}
      </span>
    );
  }
  const waits = Math.max(0, now.value - waitingSince);
  const late = waits >= settings.value.patience * 60_000;
  return (
    <span
      class={`row-time${late ? " late" : ""}`}
      title={say("waitsSince", { time: fullTime(waitingSince, language) })}
    >
      {waits < DIGITS_MS ? countdown(waits) : ago(waitingSince, now.value, say)}
      <span class="unseen">{late ? say("waitsLong") : say("waitsUnanswered")}</span>
    </span>
  );
}

function Queues() {
  const desk = useDesk();
  const { sdk, say, now } = desk;
  const { at, queues } = sdk.queueNumbers;
  if (sdk.queues.length === 0) return null;
  return (
    <section class="queues" aria-labelledby="queues-title">
      <h2 id="queues-title">
        {say("queues")} <span class="count">{say("waitingLongest")}</span>
      </h2>
      <ul>
        {sdk.queues.map((name) => {
          const queue = queues.find((one) => one.name === name);
          const since = queue?.waits_since ?? null;
          return (
            <li key={name}>
              <bdi>{name}</bdi>
              <span class={since === null ? "" : "strong"}>
                {at > 0 ? (queue?.waiting ?? 0) : "…"} · {since === null ? "–" : wait(now.value - since)}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function wait(ms: number): string {
  return countdown(Math.max(0, ms));
}
