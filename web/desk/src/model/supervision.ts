// What a supervisor looks at: tables of agents, queues and chats. Rows keep their place while somebody points at them, and a
// sort that was chosen stays.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { AgentDesk, OverviewAgent, OverviewChat, OverviewQueue } from "@handoff/sdk";
import { fields, kept, text, type Storage } from "./keeping.js";
import { HeldOrder } from "./order.js";

/** By what a table is sorted. */
export interface Sorting {
  readonly column: string;
  readonly down: boolean;
}

/** What a cell is sorted by; null stands last. */
export type Sortable = string | number | null;

/** A table that updates in place. */
export class Table<Row> {
  readonly sorting: Signal<Sorting>;
  /** Somebody points at it, or the focus is in it: its rows stay where they are. */
  readonly held = signal(false);
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly #order = new HeldOrder();
  #sortedBy: Sorting;

  /**
   * @param name what the sorting is kept under
   * @param columns what each column sorts by
   */
  constructor(
    storage: Storage,
    name: string,
    columns: Readonly<Record<string, (row: Row) => Sortable>>,
    source: { readonly rows: ReadonlySignal<readonly Row[]>; id(row: Row): string; readonly first: Sorting },
  ) {
    const read = (value: unknown): Sorting => {
      const { column, down } = fields(value);
      return text(column) in columns ? { column: text(column), down: down === true } : source.first;
    };
    this.sorting = kept(storage, `handoff-desk-sort ${name}`, source.first, read).value;
    this.#sortedBy = this.sorting.value;
    this.rows = computed(() => {
      const sorting = this.sorting.value;
      const by = columns[sorting.column] ?? (() => null);
      const found = new Map(source.rows.value.map((row) => [source.id(row), row]));
      const wanted = [...found].sort(([, one], [, other]) => compare(by(one), by(other), sorting.down));
      // Whoever sorts points at the table, and wants its rows to move.
      const held = this.held.value && sorting === this.#sortedBy;
      this.#sortedBy = sorting;
      const order = this.#order.of(
        wanted.map(([id]) => id),
        held,
      );
      return order.map((id) => found.get(id)).filter((row) => row !== undefined);
    });
  }

  /** Sorts by a column; once more the other way round. */
  sort(column: string): void {
    const { column: before, down } = this.sorting.value;
    this.sorting.value = { column, down: before === column ? !down : false };
  }
}

function compare(one: Sortable, other: Sortable, down: boolean): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  const up =
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
  return down ? -up : up;
}

/** Which chats are shown; empty: all. */
export interface ChatFilters {
  readonly state: string;
  readonly service: string;
  readonly queue: string;
  readonly agent: string;
}

const NO_FILTERS: ChatFilters = { state: "open", service: "", queue: "", agent: "" };
const AGENT_STATES: readonly string[] = ["ready", "not ready", "signed out", "out of service"];

/** What a supervisor sees. */
export class Supervision {
  readonly agents: Table<OverviewAgent>;
  readonly queues: Table<OverviewQueue>;
  readonly chats: Table<OverviewChat>;
  /** Only agents in this state; empty: all. */
  readonly agentState = signal("");
  readonly filters: Signal<ChatFilters>;
  readonly #desk: AgentDesk;
  #watching = false;

  /** @param changes rises with each change of the desk */
  constructor(desk: AgentDesk, storage: Storage, changes: ReadonlySignal<number>) {
    this.#desk = desk;
    this.filters = kept(storage, "handoff-desk-filters", NO_FILTERS, readFilters).value;
    const of = <Row>(rows: () => readonly Row[]) => computed(() => (changes.value, rows()));
    const agents = of(() => desk.overview.agents);
    const wanted = computed(() => {
      const state = this.agentState.value;
      return state ? agents.value.filter((agent) => agent.state === state) : agents.value;
    });
    this.agents = new Table(storage, "agents", AGENT_COLUMNS, {
      rows: wanted,
      id: ({ name }) => name,
      first: { column: "state", down: false },
    });
    this.queues = new Table(storage, "queues", QUEUE_COLUMNS, {
      rows: of(() => desk.overview.queues),
      id: ({ name }) => name,
      first: { column: "name", down: false },
    });
    this.chats = new Table(storage, "chats", CHAT_COLUMNS, {
      rows: of(() => desk.overview.chats),
      id: ({ chat }) => chat,
      first: { column: "started", down: false },
    });
  }

  /** Shows it, and keeps it up to date. */
  begin(): void {
    this.#watching = true;
    const { state, service, queue, agent } = this.filters.value;
    this.#desk.overview.watch({
      ...(state && { state }),
      ...(service && { service }),
      ...(queue && { queue }),
      ...(agent && { agent }),
    });
  }

  /** Shows it no longer. */
  end(): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#desk.overview.unwatch();
  }

  /** Shows chats by other filters. */
  filter(change: Partial<ChatFilters>): void {
    this.filters.value = { ...this.filters.value, ...change };
    if (this.#watching) this.begin();
  }
}

const AGENT_COLUMNS: Readonly<Record<string, (agent: OverviewAgent) => Sortable>> = {
  name: ({ name }) => name,
  state: ({ state }) => AGENT_STATES.indexOf(state),
  since: ({ since }) => since,
  work: ({ work }) => work,
};

const QUEUE_COLUMNS: Readonly<Record<string, (queue: OverviewQueue) => Sortable>> = {
  name: ({ name }) => name,
  waiting: ({ waiting }) => waiting,
  longest: ({ waits_since }) => waits_since,
  free: ({ free_agents }) => free_agents,
};

const CHAT_COLUMNS: Readonly<Record<string, (chat: OverviewChat) => Sortable>> = {
  chat: ({ chat }) => chat,
  state: ({ state }) => state,
  service: ({ service }) => service,
  place: ({ place }) => place,
  queue: ({ queue }) => queue,
  agent: ({ agent }) => agent,
  started: ({ started_at }) => started_at,
};

function readFilters(value: unknown): ChatFilters {
  const given = fields(value);
  const one = (name: keyof ChatFilters) => text(given[name]);
  return { state: one("state"), service: one("service"), queue: one("queue"), agent: one("agent") };
}
