// The header and the entries of a log as `--json` has them: every u64 is a text; values are there when they were asked for.

import { bytesDocument, type BytesDocument } from "../envelope.ts";
import type { LogCommand, LogComparison, LogCondition, LogDamage, LogEntry, LogEntryType, LogHeader, LogLease, LogSegment, LogSnapshot, LogValue } from "../../wire/log-inspection.ts";

export interface PositionDocument {
  index: string;
  term: string;
}

export interface SnapshotDocument extends PositionDocument {
  file: string;
  bytes: number;
  digest: string | null;
}

export interface SegmentDocument {
  file: string;
  bytes: number;
  state: LogSegment["state"];
  lastIndex: string | null;
  purgeable: boolean | null;
}

export interface HeaderDocument {
  source: LogHeader["source"];
  node: string;
  nodeId: string;
  region: string;
  dataDir: string;
  firstIndex: string;
  lastIndex: string;
  commitIndex: string;
  lastApplied: string | null;
  snapshot: SnapshotDocument | null;
  hardState: { term: string; vote: string | null };
  segments: SegmentDocument[];
  tornTail: { file: string; offset: number; bytes: number } | null;
  damage: LogDamage | null;
}

export interface ValueDocument extends Partial<BytesDocument> {
  bytes: number;
  crc: string;
}

export interface CommandDocument {
  op: LogCommand["operation"];
  key?: string;
  keyEncoding?: BytesDocument["encoding"];
  stream?: string;
  streamEncoding?: BytesDocument["encoding"];
  setting?: string;
  /** Of a range that is deleted: not included; null to the last key. */
  end?: BytesDocument | null;
  value?: ValueDocument;
  condition?: { absent: true } | { version: string } | { value: ValueDocument };
  /** Of a transaction; its steps have no session, and one that reads has the op "range". */
  compare?: ComparisonDocument[];
  then?: CommandDocument[];
  else?: CommandDocument[];
  lease?: string;
  /** Of a lease that is granted, ms. */
  ttlMs?: number;
  /** Of a lease that ends. */
  cause?: "revoked" | "expired";
  /** Of one that has expired: the index of the grant that is meant. */
  grantIndex?: string;
  /** The session that is closed. */
  target?: string;
}

export interface ComparisonDocument {
  key: string;
  keyEncoding: BytesDocument["encoding"];
  target: LogComparison["target"];
  relation: LogComparison["relation"];
  number?: string;
  value?: ValueDocument;
}

export interface EntryDocument {
  index: string;
  term: string;
  type: LogEntryType;
  committed: true | null;
  /** When the leader took it in, on its clock, in UTC; null for what no client has sent. */
  time: string | null;
  bytes: number;
  crc: string;
  /** Always true: what does not match its checksum is never listed. */
  crcOk: true;
  session?: string;
  seq?: string;
  command?: CommandDocument;
  config?: { voters: string[]; learners: string[]; joint?: { votersOutgoing: string[] } };
  fault?: string;
  decoded?: unknown;
  decoderError?: string;
}

export function headerDocument(header: LogHeader): HeaderDocument {
  const { source, node, nodeId, region, dataDir, hardState, tornTail, damage } = header;
  const newest = header.snapshots.at(-1);
  return {
    source, node, nodeId, region, dataDir,
    firstIndex: String(header.firstIndex), lastIndex: String(header.lastIndex), commitIndex: String(header.commitIndex),
    lastApplied: header.lastApplied === null ? null : String(header.lastApplied),
    snapshot: newest === undefined ? null : snapshotDocument(newest),
    hardState: { term: String(hardState.term), vote: hardState.vote },
    segments: header.segments.map(segmentDocument), tornTail, damage,
  };
}

export function snapshotDocument({ file, index, term, bytes, digest }: LogSnapshot): SnapshotDocument {
  return { index: String(index), term: String(term), file, bytes, digest };
}

export function segmentDocument({ file, bytes, state, lastIndex, purgeable }: LogSegment): SegmentDocument {
  return { file, bytes, state, lastIndex: lastIndex === null ? null : String(lastIndex), purgeable };
}

export function entryDocument(entry: LogEntry): EntryDocument {
  const { index, term, type, committed, time, bytes, crc, session, command, config, fault } = entry;
  return {
    index: String(index), term: String(term), type, committed, time: timeDocument(time), bytes, crc: hexadecimal(crc), crcOk: true,
    ...(session !== null && { session: session.id, seq: String(session.sequence) }),
    ...(command !== null && { command: commandDocument(command) }),
    ...(config !== null && { config: configDocument(config) }),
    ...(fault !== null && { fault }),
  };
}

export function timeDocument(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

export function hexadecimal(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

export function commandDocument({ operation, key, end, value, condition, txn, lease, target }: LogCommand): CommandDocument {
  const name = bytesDocument(key);
  return {
    op: operation,
    ...nameDocument(operation, name),
    ...((operation === "deleteRange" || operation === "range") && { end: end === null ? null : bytesDocument(end) }),
    ...(value !== null && { value: valueDocument(value) }),
    ...(condition !== null && { condition: conditionDocument(condition) }),
    ...(txn !== undefined && { compare: txn.compare.map(comparisonDocument), then: txn.then.map(commandDocument), else: txn.else.map(commandDocument) }),
    ...(lease !== undefined && leaseDocument(operation, lease)),
    ...(target !== undefined && { target }),
  };
}

function comparisonDocument({ key, target, relation, number, value }: LogComparison): ComparisonDocument {
  const { value: name, encoding: keyEncoding } = bytesDocument(key);
  return { key: name, keyEncoding, target, relation, ...(number !== null && { number: String(number) }), ...(value !== null && { value: valueDocument(value) }) };
}

function leaseDocument(operation: LogCommand["operation"], { id, ttlMs, expiredGrant }: LogLease): Partial<CommandDocument> {
  if (operation === "leaseGrant") return { lease: id, ...(ttlMs !== undefined && { ttlMs }) };
  if (operation !== "leaseRevoke") return { lease: id };
  return { lease: id, cause: expiredGrant === undefined ? "revoked" : "expired", ...(expiredGrant !== undefined && { grantIndex: String(expiredGrant) }) };
}

function isNameless(operation: LogCommand["operation"]): boolean {
  return operation === "settle" || operation === "txn" || operation === "leaseGrant" || operation === "leaseRevoke" || operation === "sessionClose";
}

function nameDocument(operation: LogCommand["operation"], { value, encoding }: ReturnType<typeof bytesDocument>): Partial<CommandDocument> {
  if (isNameless(operation)) return {};
  if (operation === "append") return { stream: value, streamEncoding: encoding };
  return operation === "set" ? { setting: value } : { key: value, keyEncoding: encoding };
}

function valueDocument({ bytes, crc, content }: LogValue): ValueDocument {
  return { ...(content !== null && bytesDocument(content)), bytes, crc: hexadecimal(crc) };
}

function conditionDocument(condition: LogCondition): NonNullable<CommandDocument["condition"]> {
  switch (condition.kind) {
    case "absent":
      return { absent: true };
    case "version":
      return { version: String(condition.version) };
    case "value":
      return { value: valueDocument(condition.value) };
  }
}

function configDocument({ voters, votersOutgoing, learners }: NonNullable<LogEntry["config"]>): NonNullable<EntryDocument["config"]> {
  return { voters, learners, ...(votersOutgoing.length > 0 && { joint: { votersOutgoing } }) };
}
