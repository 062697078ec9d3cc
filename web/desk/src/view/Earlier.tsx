// A contact's earlier chats as a timeline; each opens in place.

import { useState } from "preact/hooks";
import type { AgentChat } from "@handoff/sdk";
import { Button, Day, fullTime, Line, Message, rows, shortTime } from "@handoff/ui";
import { Transcript } from "../model/transcript.js";
import type { EarlierChat } from "../model/types.js";
import { useDesk } from "./context.js";
import { Unverified } from "./Unverified.js";

/** The timeline. */
export function Earlier({ chat }: { chat: AgentChat }) {
  const { say } = useDesk();
  const { history, historyRefused } = chat;
  const records = history?.records.filter((record) => record.chat !== chat.id) ?? [];
  const verified = chat.work.customer.verified;
  return (
    <section aria-labelledby="earlier-title">
      <h2 id="earlier-title">
        {say("earlierChats")} {records.length > 0 ? <span class="count">{records.length}</span> : null}
      </h2>
      {history === null && !historyRefused ? <div class="skeleton line-skeleton" aria-hidden="true" /> : null}
      <p class="hint" role="status">
        {historyRefused ? (
          <>
            {say("earlierFailed")}{" "}
            <Button look="text" onClick={() => void chat.fetchHistory()}>
              {say("tryAgain")}
            </Button>
          </>
        ) : null}
      </p>
      {history && records.length === 0 ? (
        <p class="hint">{history.hidden ? say("hiddenEarlier") : say("noEarlier")}</p>
      ) : null}
      {!verified && records.length > 0 ? <p class="caution">{say("unverifiedEarlier")}</p> : null}
      <ol class="timeline">
        {records.map((record) => (
          <Record key={record.chat} record={record} verified={verified} />
        ))}
      </ol>
    </section>
  );
}

function Record({ record, verified }: { record: EarlierChat; verified: boolean }) {
  const desk = useDesk();
  const { sdk, say, language, now } = desk;
  const [transcript, setTranscript] = useState<Transcript | null>(null);
  const { started_at: startedAt, ended_at: endedAt, subject, service } = record;
  const turn = () => {
    setTranscript(transcript ? null : new Transcript((from) => sdk.transcript(record.chat, from), say));
  };
  const minutes = endedAt === null ? null : Math.max(1, Math.round((endedAt - startedAt) / 60_000));
  return (
    <li>
      <button type="button" class="record" aria-expanded={transcript !== null} onClick={turn}>
        <span class="record-time" title={fullTime(startedAt, language)}>
          {shortTime(startedAt, now.value, language)}
        </span>
        <span class="record-what">
          <bdi class="record-title">{subject || say("noSubject")}</bdi>
          <span class="hint">
            <bdi>{service}</bdi>
            {minutes === null ? ` · ${say("goesOn")}` : ` · ${say("minutesShort", { n: minutes })}`}
          </span>
          <Unverified verified={record.verified} />
        </span>
      </button>
      {transcript ? <Opened transcript={transcript} sure={verified && record.verified} /> : null}
    </li>
  );
}

function Opened({ transcript, sure }: { transcript: Transcript; sure: boolean }) {
  const { say } = useDesk();
  const reading = transcript.reading.value;
  const shown = rows(transcript.entries.value, Date.now());
  return (
    <div class="earlier" role="region" aria-label={say("earlierChat")} tabIndex={0}>
      <p class="earlier-head">{say("earlierChat")}</p>
      {sure ? null : <p class="caution">{say("unverifiedRecord")}</p>}
      {shown.map((row) => {
        if (row.kind === "day") return <Day key={row.key} at={row.at} now={Date.now()} />;
        if (row.kind === "line") return <Line key={row.key} text={row.entry.text} at={row.entry.at} timed />;
        return <Message key={row.key} row={row} acts={{}} own={row.entry.author.name} />;
      })}
      {reading === "whole" && shown.length === 0 ? <p class="hint">{say("nothingSaid")}</p> : null}
      <p class="earlier-more" role="status">
        {reading === "loading" ? say("loading") : null}
        {reading === "failed" ? `${say("earlierFailed")} ` : null}
        {reading === "more" || reading === "failed" ? (
          <Button look="text" onClick={() => void transcript.more()}>
            {reading === "more" ? say("showMore") : say("tryAgain")}
          </Button>
        ) : null}
      </p>
    </div>
  );
}
