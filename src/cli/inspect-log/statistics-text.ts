// Statistics of a log as tables for people.

import { roughSize } from "../measure.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import type { CountDocument, StatisticsDocument } from "./statistics.ts";

const termsShown = 20;

export function statisticsText(document: StatisticsDocument): string {
  const { entries, bytes, types, operations, sessions, sessionsTruncated } = document;
  const range = document.firstIndex === null ? "" : `, ${document.firstIndex} to ${document.lastIndex}`;
  return [
    `${entries} entries${range}, ${roughSize(bytes)}, ${sessionsTruncated ? "more than " : ""}${sessions} sessions`,
    ...table("TYPE", types), ...table("OPERATION", operations), ...termsTable(document), ...prefixTable(document),
  ].join("\n");
}

function table(title: string, counts: Readonly<Record<string, CountDocument>>): string[] {
  const rows = Object.entries(counts);
  if (rows.length === 0) return [];
  return ["", renderTable(rows, [{ title, cell: ([name]) => name }, ...countColumns(([, counted]: [string, CountDocument]) => counted)])];
}

function termsTable({ terms }: StatisticsDocument): string[] {
  if (terms.length === 0) return [];
  const shown = terms.slice(-termsShown);
  const columns = [
    { title: "TERM", cell: ({ term }: (typeof terms)[number]) => term, align: "right" as const },
    { title: "FROM", cell: ({ firstIndex }: (typeof terms)[number]) => firstIndex, align: "right" as const },
    { title: "TO", cell: ({ lastIndex }: (typeof terms)[number]) => lastIndex, align: "right" as const },
  ];
  const left = terms.length - shown.length;
  return ["", ...(left > 0 ? [`${left} earlier terms`] : []), renderTable(shown, columns)];
}

function prefixTable({ prefixes, otherPrefixes }: StatisticsDocument): string[] {
  if (prefixes.length === 0) return [];
  const columns = [{ title: "KEYS UNDER", cell: ({ value, encoding }: (typeof prefixes)[number]) => (encoding === "utf8" ? visible(value) : `base64:${value}`) }, ...countColumns((counted: CountDocument) => counted)];
  const rest = otherPrefixes === null ? [] : [`and ${otherPrefixes.entries} entries under other keys, ${roughSize(otherPrefixes.bytes)}`];
  return ["", renderTable(prefixes, columns), ...rest];
}

function countColumns<Row>(countOf: (row: Row) => CountDocument): { title: string; cell: (row: Row) => string; align: "right" }[] {
  return [
    { title: "ENTRIES", cell: (row) => String(countOf(row).entries), align: "right" },
    { title: "BYTES", cell: (row) => roughSize(countOf(row).bytes), align: "right" },
  ];
}
