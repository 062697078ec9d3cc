// A chat as a text that can be kept: one line for each message, with its time and its author.

import { clock, type Entry, type Say } from "@handoff/ui";

/** The chat as text. */
export function transcript(entries: readonly Entry[], title: string, language: string, say: Say): string {
  const [first] = entries;
  const day = new Intl.DateTimeFormat(language, { dateStyle: "full" });
  const head = [title, ...(first ? [say("transcriptOf", { date: day.format(first.at) })] : [])];
  const lines = entries.map((entry) => {
    if (entry.kind === "happened") return `${clock(entry.at, language)}  – ${entry.text}`;
    const { author, text } = entry;
    const name = author.me ? say("you") : author.bot ? say("bot", { name: author.name }) : author.name;
    return `${clock(entry.at, language)}  ${name}: ${text.replaceAll("\n", "\n       ")}`;
  });
  // Marks that isolate names are for screens.
  return `${[...head, "", ...lines].join("\n")}\n`.replace(/[\u2066-\u2069]/g, "");
}
