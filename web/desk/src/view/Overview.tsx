// What a supervisor sees of the whole contact center: three plain tables that update in place.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { OverviewAgent, OverviewChat, OverviewQueue } from "@handoff/sdk";
import { Button, countdown, EmptyState, fullTime, shortTime } from "@handoff/ui";
import type { ChatFilters, Table } from "../model/supervision.js";
import { placeText, reasonText, stateText } from "../model/words.js";
import { useDesk } from "./context.js";
import { useHold } from "./hold.js";

const LOADING_MS = 300;
const DASH = "–";

/** The overview. */
export function Overview() {
  const { sdk, say, supervision } = useDesk();
  const { overview } = sdk;
  if (overview.refused) {
    const mayNot = overview.refused === "not_allowed";
    return (
      <Page>
        <EmptyState text={mayNot ? say("overviewRefused") : say("failed")}>
          {mayNot ? null : (
            <Button look="primary" onClick={() => supervision.begin()}>
              {say("tryAgain")}
            </Button>
          )}
        </EmptyState>
      </Page>
    );
  }
  if (overview.at === 0) return <Page>{<Loading />}</Page>;
  return (
    <Page>
      <p class="caution" role="status">
        {overview.partial ? say("partial") : ""}
      </p>
      <Queues />
      <Agents />
      <Chats />
    </Page>
  );
}

function Page({ children }: { children: ComponentChildren }) {
  const { say } = useDesk();
  return (
    <main class="overview" aria-label={say("overview")}>
      {children}
    </main>
  );
}

function Loading() {
  const { say } = useDesk();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LOADING_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div aria-busy="true">
      <p class="hint" role="status">
        {late ? say("loading") : ""}
      </p>
      {late ? [1, 2, 3].map((n) => <div key={n} class="skeleton table-skeleton" aria-hidden="true" />) : null}
    </div>
  );
}

interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** What the figure is, where its name does not say it all. */
  readonly means?: string;
  readonly number?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

interface GridProps<Row> {
  readonly table: Table<Row>;
  readonly title: string;
  readonly empty: string;
  readonly columns: readonly Column<Row>[];
  readonly id: (row: Row) => string;
  readonly children?: ComponentChildren;
}

function Grid<Row>({ table, title, empty, columns, id, children }: GridProps<Row>) {
  const { say } = useDesk();
  const rows = table.rows.value;
  const { column: sortedBy, down } = table.sorting.value;
  const hold = useHold(table.held);
  return (
    <section class="grid" aria-label={title} {...hold}>
      <div class="grid-top">
        <h2>
          {title} <span class="count">{rows.length}</span>
        </h2>
        {children}
      </div>
      <div class="grid-scroller">
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  class={column.number ? "number" : ""}
                  aria-sort={sortedBy === column.id ? (down ? "descending" : "ascending") : undefined}
                >
                  <button type="button" title={column.means ?? say("sortBy")} onClick={() => table.sort(column.id)}>
                    {column.title}
                    <span aria-hidden="true">{sortedBy === column.id ? (down ? " ↓" : " ↑") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={id(row)}>
                {columns.map((column) => (
                  <td key={column.id} class={column.number ? "number" : ""}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 ? <p class="hint grid-empty">{empty}</p> : null}
      </div>
    </section>
  );
}

function Agents() {
  const { say, supervision } = useDesk();
  const { agentState } = supervision;
  const states = ["ready", "not ready", "signed out", "out of service"];
  const columns: readonly Column<OverviewAgent>[] = [
    { id: "name", title: say("agent"), cell: ({ nickname, name }) => <bdi title={name}>{nickname ?? name}</bdi> },
    { id: "state", title: say("state"), cell: (agent) => <State agent={agent} /> },
    { id: "since", title: say("since"), number: true, cell: ({ since }) => <For since={since} /> },
    {
      id: "work",
      title: say("chatsWord"),
      means: say("workMeans"),
      number: true,
      cell: ({ work, capacity }) => (capacity === null ? work : say("workOf", { n: work, capacity: String(capacity) })),
    },
  ];
  return (
    <Grid
      table={supervision.agents}
      title={say("agents")}
      empty={say("noAgents")}
      columns={columns}
      id={({ name }) => name}
    >
      <Filter
        label={say("state")}
        value={agentState.value}
        options={states.map((state) => [state, stateText(state, say)])}
        onChoose={(state) => (agentState.value = state)}
      />
    </Grid>
  );
}

/** A state as sign and word. */
function State({ agent: { state, reason } }: { agent: OverviewAgent }) {
  const { say } = useDesk();
  const sign = { ready: "●", "not ready": "◐", "signed out": "○" }[state] ?? "✕";
  return (
    <span class={`state ${state.replaceAll(" ", "-")}`}>
      <span aria-hidden="true">{sign}</span> {stateText(state, say)}
      {reason ? <bdi class="hint">{` · ${reasonText(reason, say)}`}</bdi> : null}
    </span>
  );
}

function Queues() {
  const { say, supervision } = useDesk();
  const columns: readonly Column<OverviewQueue>[] = [
    { id: "name", title: say("queue"), cell: (queue) => <QueueName queue={queue} /> },
    {
      id: "waiting",
      title: say("waiting"),
      means: say("waitingMeans"),
      number: true,
      cell: ({ waiting }) => <span class={waiting > 0 ? "strong" : ""}>{waiting}</span>,
    },
    {
      id: "longest",
      title: say("longest"),
      means: say("longestMeans"),
      number: true,
      cell: ({ waits_since: since }) => <For since={since} />,
    },
    {
      id: "free",
      title: say("free"),
      means: say("freeMeans"),
      number: true,
      cell: ({ free_agents: free }) => free,
    },
  ];
  return (
    <Grid
      table={supervision.queues}
      title={say("queues")}
      empty={say("noQueues")}
      columns={columns}
      id={({ name }) => name}
    />
  );
}

function QueueName({ queue: { name, trouble } }: { queue: OverviewQueue }) {
  const { say } = useDesk();
  const words: Record<string, string> = {
    "not configured": say("notConfigured"),
    "no agent serves it": say("noAgentServes"),
  };
  return (
    <>
      <bdi>{name}</bdi>
      {trouble ? <span class="trouble">{` · ${words[trouble] ?? trouble}`}</span> : null}
    </>
  );
}

/** How long something is so. */
function For({ since }: { since: number | null }) {
  const { now, language, say } = useDesk();
  if (since === null) return <>{DASH}</>;
  const ms = Math.max(0, now.value - since);
  const hours = Math.floor(ms / 3_600_000);
  return (
    <span title={fullTime(since, language)}>
      {hours < 1 ? countdown(ms) : hours < 24 ? say("hoursShort", { n: hours }) : shortTime(since, now.value, language)}
    </span>
  );
}

function Chats() {
  const { say, supervision, language, now } = useDesk();
  const named = (value: string | null) => (value ? <bdi>{value}</bdi> : DASH);
  const columns: readonly Column<OverviewChat>[] = [
    {
      id: "started",
      title: say("began"),
      cell: ({ started_at: at }) =>
        at === null ? DASH : <span title={fullTime(at, language)}>{shortTime(at, now.value, language)}</span>,
    },
    { id: "state", title: say("state"), cell: ({ state }) => stateText(state, say) },
    { id: "place", title: say("place"), cell: ({ place }) => placeText(place, say) },
    { id: "queue", title: say("queue"), cell: ({ queue }) => named(queue) },
    { id: "agent", title: say("agent"), cell: ({ agent }) => named(agent) },
    { id: "service", title: say("service"), cell: ({ service }) => named(service) },
    { id: "chat", title: say("chatId"), cell: ({ chat }) => <bdi class="chat-id">{chat}</bdi> },
  ];
  return (
    <Grid
      table={supervision.chats}
      title={say("chats")}
      empty={say("noChatsSuch")}
      columns={columns}
      id={({ chat }) => chat}
    >
      <ChatFilter />
    </Grid>
  );
}

function ChatFilter() {
  const { sdk, say, supervision } = useDesk();
  const { filters } = supervision;
  const { overview } = sdk;
  const named = (names: readonly (string | null)[], chosen: string) =>
    [...new Set([...names.filter((name) => name !== null), ...(chosen ? [chosen] : [])])].sort();
  const filter = (label: string, key: keyof ChatFilters, options: readonly (readonly [string, string])[]) => (
    <Filter
      label={label}
      value={filters.value[key]}
      options={options}
      onChoose={(value) => supervision.filter({ [key]: value })}
    />
  );
  const same = (names: readonly string[]) => names.map((name) => [name, name] as const);
  const states = ["open", "ended", "asleep", "out of service"].map((state) => [state, stateText(state, say)] as const);
  const services = overview.chats.map(({ service }) => service);
  return (
    <div class="filters">
      {filter(say("state"), "state", states)}
      {filter(
        say("queue"),
        "queue",
        same(
          named(
            overview.queues.map(({ name }) => name),
            filters.value.queue,
          ),
        ),
      )}
      {filter(
        say("agent"),
        "agent",
        same(
          named(
            overview.agents.map(({ name }) => name),
            filters.value.agent,
          ),
        ),
      )}
      {filter(say("service"), "service", same(named(services, filters.value.service)))}
    </div>
  );
}

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (value: string) => void;
}

function Filter({ label, value, options, onChoose }: FilterProps) {
  const { say } = useDesk();
  return (
    <label class="filter">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">{say("any")}</option>
        {options.map(([id, title]) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}
