// One message: who and when above the first of those that stand together, the text, and where it is on its way.

import type { ComponentChildren } from "preact";
import { emojiOnly } from "../text/graphemes.js";
import { clock, fullTime } from "../text/times.js";
import type { FileShown, Row, Said } from "../log/rows.js";
import { Button } from "./Button.js";
import { RichMessage, type RichReply } from "./RichMessage.js";
import { useSpeech } from "./speech.js";
import { Words } from "./Words.js";

/** What can be done with a message; what is not given is not offered. */
export interface MessageActs {
  readonly onEdit?: (entry: Said) => void;
  readonly onSendAgain?: (entry: Said) => void;
  readonly onDelete?: (entry: Said) => void;
  readonly drawFile?: (file: FileShown) => ComponentChildren;
  readonly onReply?: (entry: Said, reply: RichReply) => void;
}

/** A row that is a message. */
export type MessageRow = Extract<Row, { kind: "message" }>;

/**
 * A message.
 * @param own how the reader's own messages are headed: without a name on small surfaces
 */
export function Message({ row, acts, own = "" }: { row: MessageRow; acts: MessageActs; own?: string }) {
  const { entry } = row;
  const { language } = useSpeech();
  const side = entry.author.me ? "mine" : "theirs";
  const large = !entry.file && !entry.internal && emojiOnly(entry.text) ? " large" : "";
  const way = entry.state ? ` ${entry.state.at}${entry.state.at === "waiting" && entry.state.late ? " late" : ""}` : "";
  return (
    <div class={`message ${side}${way}${entry.internal ? " internal" : ""}${row.head ? " first" : ""}${large}`}>
      {row.head ? <Head row={row} own={own} /> : null}
      <div class="bubble" dir="auto" title={fullTime(entry.at, language)}>
        <Content entry={entry} acts={acts} />
      </div>
      {entry.rich && acts.onReply ? (
        <RichMessage rich={entry.rich} onReply={(reply) => acts.onReply?.(entry, reply)} />
      ) : null}
      {entry.state?.at === "failed" ? <Failed entry={entry} reason={entry.state.reason} acts={acts} /> : null}
    </div>
  );
}

function Content({ entry: { file, text }, acts }: { entry: Said; acts: MessageActs }) {
  return <>{(file && acts.drawFile?.(file)) ?? <Words text={text} />}</>;
}

function Head({ row, own }: { row: MessageRow; own: string }) {
  const { say, language } = useSpeech();
  const { author, at, state, internal } = row.entry;
  const name = author.me ? own : author.bot ? say("bot", { name: author.name }) : author.name;
  const late = state?.at === "waiting" && state.late;
  const when = late ? say("waitingToBeSent") : clock(at, language);
  const said = [internal ? say("onlyAgents") : "", name ? <bdi key="name">{name}</bdi> : "", when];
  if (row.seen) said.push(say("seen"));
  return (
    <p class="head">
      {said
        .filter((part) => part !== "")
        .map((part, place) => (
          <>
            {place > 0 ? " · " : null}
            {part}
          </>
        ))}
    </p>
  );
}

function Failed({ entry, reason, acts }: { entry: Said; reason: string; acts: MessageActs }) {
  const { say } = useSpeech();
  return (
    <p class="failure">
      <span>{reason}</span>
      {acts.onEdit ? (
        <Button look="text" onClick={() => acts.onEdit?.(entry)}>
          {say("edit")}
        </Button>
      ) : null}
      {acts.onSendAgain ? (
        <Button look="text" onClick={() => acts.onSendAgain?.(entry)}>
          {say("sendAgain")}
        </Button>
      ) : null}
      {acts.onDelete ? (
        <Button look="text" onClick={() => acts.onDelete?.(entry)}>
          {say("delete")}
        </Button>
      ) : null}
    </p>
  );
}
