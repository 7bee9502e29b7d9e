// A history as JSON lines, one event per line, in the order in which things happened: a call ("invoke"), and how it ended: with an answer ("ok"), without
// any effect for certain ("fail"), or in doubt ("info"). A call that nothing follows is in doubt, too. Reading trusts nothing: every line is held against the
// fields that its kind has, and what does not fit is refused with its line number and value. docs/linearizability.md is the same for people.

import { RaftctlError } from "../../base/errors.ts";
import type { Completed, Condition, Manner, Operation, Output } from "./history.ts";
import { EventFields } from "./event-fields.ts";

export const historyLimits = { lineBytesMax: 64 * 1024, linesMax: 1_000_000 } as const;

export const operationNames = { put: "put", get: "get", delete: "delete", putIf: "cas", revoke: "revoke", expire: "expire" } as const;
const types = ["invoke", "ok", "fail", "info"] as const;
const operations = ["put", "get", "delete", "cas", "revoke", "expire"] as const;

interface OpenCall extends Manner {
  readonly process: string;
  readonly key: string;
  readonly operation: Operation;
  readonly called: number;
  readonly startedMs: number;
}

/** Takes the lines one after the other; throws INVALID_ARGUMENT at the first that does not fit. */
export class HistoryReader {
  readonly #completed: Completed[] = [];
  readonly #open = new Map<string, OpenCall>();
  #lines = 0;
  #events = 0;
  #latestMs = 0;

  line(text: string): void {
    this.#lines += 1;
    const place = `history line ${this.#lines}`;
    if (this.#lines > historyLimits.linesMax) throw new RaftctlError("INVALID_ARGUMENT", `${place}: a history has at most ${historyLimits.linesMax} lines`);
    if (text.trim() === "") return;
    const fields = EventFields.parse(text, place);
    const process = fields.name("process");
    const type = fields.choice("type", types);
    const timeMs = fields.number("time");
    if (timeMs < this.#latestMs) throw fields.error(`"time" ${timeMs} is before that of an earlier line, ${this.#latestMs}: lines stand in the order of events`);
    this.#latestMs = timeMs;
    const number = this.#events++;
    const open = this.#open.get(process);
    if (type === "invoke") {
      if (open !== undefined) throw fields.error(`process ${JSON.stringify(process)} calls again before its ${operationNames[open.operation.kind]} has ended`);
      this.#open.set(process, { process, called: number, startedMs: timeMs, ...requestOf(fields) });
    } else {
      if (open === undefined) throw fields.error(`${JSON.stringify(type)} of process ${JSON.stringify(process)}, which has called nothing`);
      this.#open.delete(process);
      this.#completed.push(ended(open, { type, number, timeMs, fields }));
    }
    fields.refuseOthers();
  }

  /** In the order of their ends, then what never ended. */
  operations(): Completed[] {
    const pending = [...this.#open.values()].map((call) => ({
      ...call, outcome: "unknown" as const, output: undefined, returned: undefined, endedMs: Number.POSITIVE_INFINITY,
    }));
    return [...this.#completed, ...pending];
  }
}

function requestOf(fields: EventFields): Manner & { key: string; operation: Operation } {
  return { key: fields.name("key"), operation: operationOf(fields), ...mannerOf(fields) };
}

function operationOf(fields: EventFields): Operation {
  const name = fields.choice("operation", operations);
  if (name !== "put" && name !== "cas") return { kind: name };
  const value = fields.text("value");
  return name === "put" ? { kind: "put", value } : { kind: "putIf", value, condition: conditionOf(fields) };
}

function mannerOf(fields: EventFields): Manner {
  if (fields.has("txn") && !fields.flag("txn")) throw fields.error('"txn" is true or is not there');
  return { ...(fields.has("txn") && { txn: true }), ...(fields.has("lease") && { lease: fields.name("lease") }) };
}

function conditionOf(fields: EventFields): Condition {
  const given = ["ifAbsent", "ifValue", "ifVersion"].filter((name) => fields.has(name));
  if (given.length !== 1) throw fields.error(`a cas has one of "ifAbsent", "ifValue" and "ifVersion"; this has ${given.length === 0 ? "none" : given.join(", ")}`);
  if (given[0] === "ifValue") return { value: fields.text("ifValue") };
  if (given[0] === "ifVersion") return { version: fields.count("ifVersion") };
  if (!fields.flag("ifAbsent")) throw fields.error('"ifAbsent" is true or is not there');
  return { absent: true };
}

interface End {
  readonly type: "ok" | "fail" | "info";
  readonly number: number;
  readonly timeMs: number;
  readonly fields: EventFields;
}

function ended(call: OpenCall, { type, number, timeMs, fields }: End): Completed {
  fields.mustRepeat("operation", operationNames[call.operation.kind]);
  fields.mustRepeat("key", call.key);
  if (call.operation.kind === "expire" && type !== "info") throw fields.error('an "expire" is never answered');
  if (type === "ok") return { ...call, outcome: "ok", output: outputOf(call.operation, fields), returned: number, endedMs: timeMs };
  const error = fields.has("error") ? fields.text("error") : undefined;
  const isFailed = type === "fail";
  return {
    ...call, outcome: isFailed ? "failed" : "unknown", output: undefined, returned: isFailed ? number : undefined, endedMs: timeMs,
    ...(error !== undefined && { error }),
  };
}

function outputOf({ kind }: Operation, fields: EventFields): Output {
  const index = fields.has("index") ? { index: fields.count("index") } : {};
  if (kind === "revoke") return { ...index, ...foundOf(fields) };
  const shared = { ...index, ...(fields.has("torn") && { torn: fields.text("torn") }) };
  if (kind === "delete") return { ...shared, ...foundOf(fields) };
  const versioned = { ...shared, ...(fields.has("version") && { version: fields.count("version") }) };
  if (kind === "get") return { ...versioned, value: fields.textOrNull("value") ?? undefined };
  const put = { ...versioned, ...(fields.has("ended") && { ended: fields.flag("ended") }) };
  return kind === "put" ? put : { ...put, applied: fields.flag("applied") };
}

function foundOf(fields: EventFields): Output {
  return fields.has("found") ? { found: fields.flag("found") } : {};
}

/** The lines of a history, without line feeds. One process must not have two operations under way at a time. */
export function* historyLines(completed: readonly Completed[]): Generator<string> {
  const doubts: Completed[] = [];
  for (const event of eventsOf(completed)) {
    // A doubt has a time, but no place of its own in the order: it stands before the first event that is not earlier.
    for (const doubt of doubts.splice(0, doubts.findLastIndex((item) => item.endedMs <= event.timeMs) + 1)) yield endLine(doubt);
    if (!event.isCall) yield endLine(event.item);
    else yield invokeLine(event.item);
    if (event.isCall && event.item.outcome === "unknown" && Number.isFinite(event.item.endedMs)) insertByEnd(doubts, event.item);
  }
  for (const doubt of doubts) yield endLine(doubt);
}

interface HistoryEvent {
  readonly item: Completed;
  readonly isCall: boolean;
  readonly number: number;
  readonly timeMs: number;
}

function eventsOf(completed: readonly Completed[]): HistoryEvent[] {
  const events = completed.flatMap((item) => {
    const call = { item, isCall: true, number: item.called, timeMs: item.startedMs };
    return item.returned === undefined ? [call] : [call, { item, isCall: false, number: item.returned, timeMs: item.endedMs }];
  });
  return events.sort((left, right) => left.number - right.number);
}

function insertByEnd(doubts: Completed[], item: Completed): void {
  const place = doubts.findLastIndex((other) => other.endedMs <= item.endedMs) + 1;
  doubts.splice(place, 0, item);
}

function invokeLine({ process, key, operation, startedMs, txn, lease }: Completed): string {
  return JSON.stringify({ process, type: "invoke", operation: operationNames[operation.kind], key, time: startedMs, ...requestFields(operation), txn, lease });
}

function endLine({ process, key, operation, outcome, output, endedMs, error }: Completed): string {
  const type = outcome === "ok" ? "ok" : outcome === "failed" ? "fail" : "info";
  const answer = outcome === "ok" ? answerFields(operation, output) : { error };
  return JSON.stringify({ process, type, operation: operationNames[operation.kind], key, time: endedMs, ...answer });
}

export function requestFields(operation: Operation): Record<string, unknown> {
  if (operation.kind === "put") return { value: operation.value };
  if (operation.kind !== "putIf") return {};
  const { value, condition } = operation;
  if ("absent" in condition) return { value, ifAbsent: true };
  return "version" in condition ? { value, ifVersion: condition.version } : { value, ifValue: condition.value };
}

/** Fields that are undefined are not written. */
export function answerFields(operation: Operation, output: Output | undefined): Record<string, unknown> {
  const { value, version, index, applied, found, torn } = output ?? {};
  switch (operation.kind) {
    case "get":
      return { value: value ?? null, version, index, torn };
    case "put":
      return { ended: output?.ended, version, index, torn };
    case "putIf":
      return { applied, ended: output?.ended, version, index, torn };
    case "delete":
      return { found, index, torn };
    case "revoke":
      return { found, index };
    case "expire":
      return {};
  }
}
