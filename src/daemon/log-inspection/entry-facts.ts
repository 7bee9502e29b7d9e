// Takes one entry of a log apart for people. Trusts nothing in it: what cannot be read becomes a sentence in `fault`, and the entry is still listed.
// Values leave only when they were asked for.

import { emptyBytes } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { toRaftctlError } from "../../base/errors.ts";
import { entryTypes, type Entry, type EntryType } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import { decodeCommand, timeOf, type Command, type Condition } from "../../wire/command.ts";
import { leaseText } from "../../base/lease-id.ts";
import { decodeTxn, type Comparison, type Txn, type TxnStep } from "../../wire/txn.ts";
import type { LogCommand, LogComparison, LogCondition, LogConfig, LogContent, LogEntry, LogEntryType, LogTxn, LogValue } from "../../wire/log-inspection.ts";

export interface EntryView {
  readonly commitIndex: number;
  readonly content: LogContent;
  readonly crc32: Crc32;
}

const typeNames: Readonly<Record<EntryType, LogEntryType>> = { [entryTypes.noop]: "noop", [entryTypes.command]: "command", [entryTypes.membership]: "config" };

export function entryFacts(entry: Entry, view: EntryView): LogEntry {
  const { index, term, type, data } = entry;
  const facts: LogEntry = {
    index, term, type: typeNames[type], committed: index <= view.commitIndex ? true : null, time: null, bytes: data.length, crc: view.crc32(data),
    session: null, command: null, config: null, fault: null, payload: view.content === "payload" ? data : null,
  };
  try {
    if (type === entryTypes.command) Object.assign(facts, commandFacts(decodeCommand(data), view), { time: timeOf(data) ?? null });
    if (type === entryTypes.membership) facts.config = configFacts(data);
  } catch (error) {
    facts.fault = toRaftctlError(error).message;
  }
  return facts;
}

function commandFacts(command: Command, view: EntryView): Pick<LogEntry, "session" | "command"> {
  const { session } = command;
  return {
    session: session === undefined ? null : { id: session.id.toString(), sequence: session.sequence },
    command: partsOf(command, view),
  };
}

const nameless = { key: emptyBytes, end: null, value: null, condition: null };

function partsOf(command: Command, view: EntryView): LogCommand {
  if (command.operation === "deleteRange") return { operation: "deleteRange", key: command.start, end: command.end ?? null, value: null, condition: null };
  if (command.operation === "settle") return { ...nameless, operation: "settle" };
  if (command.operation === "sessionClose") return { ...nameless, operation: "sessionClose", target: command.target.toString() };
  if (command.operation === "txn") return { ...nameless, operation: "txn", txn: txnFacts(decodeTxn(command.body), view) };
  if (command.operation === "leaseGrant" || command.operation === "leaseRevoke") {
    const { operation } = command;
    const lease = operation === "leaseGrant" ? { ttlMs: command.ttlMs } : { expiredGrant: command.expiredGrant };
    return { ...nameless, operation, lease: { id: leaseText(command.lease), ...lease } };
  }
  const { operation, key, condition } = command;
  const value = operation === "delete" ? null : valueFacts(command.value, view);
  const facts: LogCommand = { operation, key, end: null, value, condition: condition === undefined ? null : conditionFacts(condition, view) };
  return operation === "put" && command.lease !== undefined ? { ...facts, lease: { id: leaseText(command.lease) } } : facts;
}

function txnFacts({ compare, then, else: otherwise }: Txn, view: EntryView): LogTxn {
  return { compare: compare.map((comparison) => comparisonFacts(comparison, view)), then: then.map((step) => stepFacts(step, view)), else: otherwise.map((step) => stepFacts(step, view)) };
}

function comparisonFacts(comparison: Comparison, view: EntryView): LogComparison {
  const { key, target, relation } = comparison;
  return comparison.target === "value"
    ? { key, target, relation, number: null, value: valueFacts(comparison.value, view) }
    : { key, target, relation, number: comparison.number, value: null };
}

function stepFacts(step: TxnStep, view: EntryView): LogCommand {
  return step.operation === "range" ? { ...nameless, operation: "range", key: step.start, end: step.end ?? null } : partsOf(step, view);
}

function conditionFacts(condition: Condition, view: EntryView): LogCondition {
  return condition.kind === "value" ? { kind: "value", value: valueFacts(condition.value, view) } : condition;
}

function valueFacts(value: Uint8Array, { content, crc32 }: EntryView): LogValue {
  return { bytes: value.length, crc: crc32(value), content: content === "values" ? value : null };
}

function configFacts(data: Uint8Array): LogConfig {
  const { voters, votersOutgoing, learners, learnersNext, members } = decodeMembership(data);
  const names = (ids: readonly string[]): string[] => ids.map((id) => members.find((member) => member.id === id)?.name ?? id);
  return { voters: names(voters), votersOutgoing: names(votersOutgoing), learners: names([...learners, ...learnersNext]) };
}
