// The comparison of logs for people: how far each log reaches, how each pair stands, and what everybody holds where they part.

import { renderTable } from "../table.ts";
import { paint, visible } from "../terminal.ts";
import type { Compared } from "./comparing.ts";
import type { Difference, PairComparison } from "./comparison.ts";
import { hexadecimal } from "./documents.ts";
import { entryText } from "./entry-text.ts";
import { lastIndexOf, type Verdict } from "./node-log.ts";

const meanings: Readonly<Record<Verdict, string>> = {
  identical: "they hold the same",
  "missing-tail": "the same as far as the shorter one reaches: it is behind",
  "uncommitted-divergence": "they differ where not both know the entries to be committed: legal, the leader replaces one side",
  damage: "a log cannot be read",
  "log-matching-violation": "same index and term, different content, or different entries before one that is alike: this must never be",
  "committed-divergence": "they differ where both have committed: this must never be",
};

export function comparisonText(compared: Compared): string {
  const { logs, comparison } = compared;
  const { verdict, pairs, firstDifference } = comparison;
  const table = renderTable(logs, [
    { title: "LOG", cell: ({ name }) => visible(name) },
    { title: "FROM", cell: ({ source }) => (source === undefined ? "-" : source.header.source) },
    { title: "FIRST", cell: ({ log }) => String(log.start.index + 1), align: "right" },
    { title: "LAST", cell: ({ log }) => String(lastIndexOf(log)), align: "right" },
    { title: "COMMITTED", cell: ({ log }) => String(log.commitIndex), align: "right" },
    { title: "SNAPSHOTS", cell: ({ log }) => log.snapshots.map(({ index, digest }) => `${index}${digest === null ? "" : `:${digest}`}`).join(" ") || "-" },
  ]);
  const damages = logs.flatMap(({ name, log }) => (log.damage === null ? [] : [`${visible(name)}: ${visible(log.damage)}`]));
  return [
    table, "", pairTable(pairs), ...damages, ...(firstDifference === undefined ? [] : ["", differenceText(firstDifference, compared)]),
    "", `${paint("bold", verdict)}: ${meanings[verdict]}`,
  ].join("\n");
}

function pairTable(pairs: readonly PairComparison[]): string {
  return renderTable(pairs, [
    { title: "PAIR", cell: ({ left, right }) => `${visible(left)} / ${visible(right)}` },
    { title: "COMPARED", cell: ({ compared }) => (compared === undefined ? "nothing in common" : `${compared.first} to ${compared.last}`) },
    { title: "VERDICT", cell: ({ verdict }) => verdict },
    { title: "DIFFERS AT", cell: ({ differsAt }) => (differsAt === undefined ? "-" : String(differsAt)), align: "right" },
  ]);
}

function differenceText({ index, held, majority, committedOn }: Difference, { entries }: Compared): string {
  const lines = held.map(({ entry, nodes }) => {
    const decoded = nodes.map((name) => entries.get(name)).find((found) => found !== undefined);
    const what = entry === undefined ? "nothing" : `term ${entry.term} ${entry.type} crc ${hexadecimal(entry.crc)}${decoded === undefined ? "" : `  ${entryText(decoded)}`}`;
    return `  ${nodes.map(visible).join(", ")}: ${what}`.trimEnd();
  });
  const list = (names: readonly string[]): string => names.map(visible).join(", ") || "nobody";
  return [`at index ${index}, the first difference:`, ...lines, `  in the majority: ${list(majority)}; known to be committed by: ${list(committedOn)}`].join("\n");
}
