// A log as lines for people: a head that says what it is, then one entry a line under fixed columns, so that lines can be written as they come. Everything
// that others have chosen is made visible first.

import type { LogCommand, LogComparison, LogCondition, LogEntry, LogHeader, LogLease, LogTxn, LogValue } from "../../wire/log-inspection.ts";
import { roughSize } from "../measure.ts";
import { paint, shownBytes, visible } from "../terminal.ts";
import { hexadecimal, timeDocument } from "./documents.ts";

export interface Decoded {
  readonly value?: unknown;
  readonly error?: string;
}

export function headerText(header: LogHeader): string {
  const { node, source, dataDir, region, hardState, commitIndex, lastApplied, tornTail } = header;
  const where = source === "live" ? "running" : `in ${dataDir}`;
  const lines = [
    `log of ${visible(node)} (${visible(where)})  region ${visible(region)}  term ${hardState.term}  vote ${visible(hardState.vote ?? "-")}`,
    `${heldText(header)}  committed to ${commitIndex}${lastApplied === null ? "" : `  applied to ${lastApplied}`}  ${snapshotText(header)}  ${segmentsText(header)}`,
  ];
  if (tornTail !== null) lines.push(`the last ${tornTail.bytes} bytes of ${visible(tornTail.file)} are a write that was torn, or is being made: it was never acknowledged`);
  return lines.join("\n");
}

export function heldText({ firstIndex, lastIndex }: Pick<LogHeader, "firstIndex" | "lastIndex">): string {
  return lastIndex < firstIndex ? `no entries behind ${lastIndex}` : `entries ${firstIndex} to ${lastIndex}`;
}

function snapshotText({ snapshots }: LogHeader): string {
  const newest = snapshots.at(-1);
  return newest === undefined ? "no snapshot" : `snapshot at ${newest.index} (term ${newest.term})`;
}

function segmentsText({ segments }: LogHeader): string {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return `${segments.length} ${segments.length === 1 ? "segment" : "segments"}, ${roughSize(bytes)}`;
}

/** Lines of one log, all with the same columns. */
export class EntryLines {
  readonly #indexWidth: number;
  readonly #termWidth: number;

  constructor({ lastIndex, hardState }: Pick<LogHeader, "lastIndex" | "hardState">) {
    this.#indexWidth = Math.max("INDEX".length, String(lastIndex).length);
    this.#termWidth = Math.max("TERM".length, String(hardState.term).length);
  }

  get title(): string {
    return paint("bold", this.#line({ index: "INDEX", term: "TERM", time: "TIME", type: "TYPE", committed: "COMMITTED", bytes: "BYTES", what: "WHAT" }));
  }

  of(entry: LogEntry, decoded?: Decoded): string {
    const { index, term, time, type, committed, bytes } = entry;
    const what = [entryText(entry), decodedText(decoded)].filter((text) => text !== "").join("  ");
    return this.#line({ index: String(index), term: String(term), time: timeText(time), type, committed: committed === true ? "yes" : "?", bytes: String(bytes), what });
  }

  #line({ index, term, time, type, committed, bytes, what }: Record<"index" | "term" | "time" | "type" | "committed" | "bytes" | "what", string>): string {
    return `${index.padStart(this.#indexWidth)}  ${term.padStart(this.#termWidth)}  ${time.padEnd(24)}  ${type.padEnd(7)}  ${committed.padEnd(9)}  ${bytes.padStart(7)}  ${what}`.trimEnd();
  }
}

export function timeText(time: number | null): string {
  return timeDocument(time) ?? "-";
}

export function entryText({ command, config, session, fault }: Pick<LogEntry, "command" | "config" | "session" | "fault">): string {
  const parts: string[] = [];
  if (command !== null) parts.push(commandText(command));
  if (session !== null) parts.push(`session ${session.id}:${session.sequence}`);
  if (config !== null) parts.push(configText(config));
  if (fault !== null) parts.push(`cannot be read: ${visible(fault)}`);
  return parts.join("  ");
}

function commandText({ operation, key, end, value, condition, txn, lease, target }: LogCommand): string {
  if (operation === "settle") return "settle";
  if (operation === "sessionClose") return `session close ${visible(target!)}`;
  if (operation === "leaseGrant" || operation === "leaseRevoke") return leaseCommandText(operation, lease!);
  if (txn !== undefined) return txnText(txn);
  const parts = [isRange(operation) ? `${operation === "range" ? "read" : "delete"} ${shownBytes(key)}..${end === null ? "" : shownBytes(end)}` : `${operation} ${shownBytes(key)}`];
  if (condition !== null) parts.push(`if ${conditionText(condition)}`);
  if (value !== null) parts.push(valueText(value));
  if (lease !== undefined) parts.push(`lease ${visible(lease.id)}`);
  return parts.join("  ");
}

function isRange(operation: LogCommand["operation"]): boolean {
  return operation === "deleteRange" || operation === "range";
}

function txnText({ compare, then, else: otherwise }: LogTxn): string {
  const side = (name: string, steps: readonly LogCommand[]): string[] => (steps.length === 0 ? [] : [`${name} ${steps.map(commandText).join(", ")}`]);
  const conditions = compare.length === 0 ? [] : [`if ${compare.map(comparisonText).join(" and ")}`];
  return ["txn", ...conditions, ...side("then", then), ...side("else", otherwise)].join("  ");
}

const relationSigns = { equal: "=", notEqual: "!=", less: "<", greater: ">" } as const;

function comparisonText({ key, target, relation, number, value }: LogComparison): string {
  const wanted = value === null ? `${number}` : valueText(value).replace(/^= /, "");
  return `${target} of ${shownBytes(key)} ${relationSigns[relation]} ${wanted}`;
}

function leaseCommandText(operation: "leaseGrant" | "leaseRevoke", { id, ttlMs, expiredGrant }: LogLease): string {
  if (operation === "leaseGrant") return `lease grant ${visible(id)}  ttl ${ttlMs} ms`;
  return expiredGrant === undefined ? `lease revoke ${visible(id)}` : `lease expired ${visible(id)}  granted at ${expiredGrant}`;
}

function conditionText(condition: LogCondition): string {
  if (condition.kind === "absent") return "absent";
  return condition.kind === "version" ? `version ${condition.version}` : `value ${valueText(condition.value)}`;
}

function valueText({ bytes, crc, content }: LogValue): string {
  return content === null ? `${bytes} bytes, crc ${hexadecimal(crc)}` : `= ${shownBytes(content)}`;
}

function configText({ voters, votersOutgoing, learners }: NonNullable<LogEntry["config"]>): string {
  const list = (title: string, names: readonly string[]): string[] => (names.length === 0 ? [] : [`${title} ${names.map(visible).join(", ")}`]);
  return [...list("voters", voters), ...list("outgoing", votersOutgoing), ...list("learners", learners)].join("  ");
}

function decodedText(decoded: Decoded | undefined): string {
  if (decoded === undefined) return "";
  return decoded.error === undefined ? `decoded ${visible(JSON.stringify(decoded.value))}` : `decoder failed: ${visible(decoded.error)}`;
}
