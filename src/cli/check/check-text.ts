// What a check found, for people: one line, and for a violation the window as a table.

import { roughDuration } from "../measure.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import type { CheckDocument } from "./check-document.ts";
import type { Completed } from "./history.ts";
import { answerText, milliseconds, requestText } from "./operation-text.ts";

const rowsMax = 50;

export function checkText(document: CheckDocument, window: readonly Completed[]): string {
  const { verdict, operations, acknowledged, unknown, failed, clients, keys, durationMs, resolved = 0, exit, saved } = document;
  const counts = `${acknowledged} acknowledged, ${unknown} unknown, ${failed} failed`;
  const summary = `${verdict}: ${plural(operations, "operation")} (${counts}) of ${plural(clients, "client")} on ${plural(keys, "key")} in ${roughDuration(durationMs)}`;
  return [
    summary,
    ...(acknowledged === 0 ? [] : [kindsText(document)]),
    ...(resolved === 0 ? [] : [`${plural(resolved, "write")} in doubt resolved by asking for the outcome`]),
    ...(exit === undefined ? [] : [`the command ended with exit code ${exit}`]),
    ...(saved === undefined ? [] : [`history in ${visible(saved)}`]),
    ...(window.length === 0 ? [] : ["", windowText(document, window)]),
  ].join("\n");
}

/** Of the operations that were acknowledged. */
function kindsText({ kinds, transactions, leased, expiries }: CheckDocument): string {
  const named = Object.entries(kinds).filter(([, count]) => count.acknowledged > 0).map(([name, count]) => `${count.acknowledged} ${name}`);
  const special = [
    ...(transactions.acknowledged === 0 ? [] : [`${transactions.acknowledged} in transactions`]),
    ...(leased.acknowledged === 0 ? [] : [`${leased.acknowledged} on keys of leases, of which ${expiries} may have expired`]),
  ];
  return `acknowledged: ${[named.join(", "), ...special].join("; ")}`;
}

function windowText({ key = "", omitted = 0 }: CheckDocument, window: readonly Completed[]): string {
  const table = renderTable(window.slice(0, rowsMax), [
    { title: "CLIENT", cell: (item) => visible(item.process) },
    { title: "OPERATION", cell: (item) => requestText(item.operation) },
    { title: "ANSWER", cell: answerText },
    { title: "START MS", cell: (item) => milliseconds(item.startedMs), align: "right" },
    { title: "END MS", cell: (item) => (item.outcome === "unknown" ? "open" : milliseconds(item.endedMs)), align: "right" },
    { title: "INDEX", cell: (item) => String(item.output?.index ?? "-"), align: "right" },
  ]);
  const more = window.length > rowsMax ? `\n… and ${window.length - rowsMax} more` : "";
  return `key ${visible(key)} (${plural(omitted, "operation")} not needed to see it, left out)\n${table}${more}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
