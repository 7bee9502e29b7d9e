// `raftctl inspect-log diff`: opens the logs, of running nodes and of directories mixed, reads of each what a comparison needs, and looks up what everybody
// holds where they part. What is appended while it reads is left out: each log counts as it was when all had been opened.

import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { LogEntry, LogHeader, LogSource } from "../../wire/log-inspection.ts";
import { compareLogs, type LogComparison } from "./comparison.ts";
import type { EntryMark, NodeLog } from "./node-log.ts";

export interface ComparedLog {
  readonly name: string;
  /** undefined when nothing of it can be read. */
  readonly source: LogSource | undefined;
  readonly log: NodeLog;
}

export interface Compared {
  readonly logs: readonly ComparedLog[];
  readonly comparison: LogComparison;
  /** What each of them holds at the first difference, by its name. */
  readonly entries: ReadonlyMap<string, LogEntry>;
}

/** An end that is replaced, or a beginning that is compacted, while it is read: it is read again. */
const attemptsMax = 5;

/** @param opened the logs; a directory in which nothing can be read is given by the damage. @throws USAGE, CLUSTER_MISMATCH */
export async function compareSources(opened: readonly (LogSource | UnreadableLog)[], from: number | undefined): Promise<Compared> {
  if (opened.length < 2) throw new RaftctlError("USAGE", `${opened.length === 0 ? "no log" : "one log"} to compare: name at least two with --node and --data-dir`);
  const named = nameAll(opened);
  checkCluster(named.flatMap(({ source }) => ("header" in source ? [source.header] : [])));
  const logs: ComparedLog[] = [];
  for (const { name, source } of named) {
    if ("header" in source) logs.push({ name, source, log: await readStably(name, source, from) });
    else logs.push({ name, source: undefined, log: unreadable(name, source) });
  }
  const comparison = compareLogs(logs.map(({ log }) => log));
  return { logs, comparison, entries: await entriesAt(logs, comparison) };
}

export interface UnreadableLog {
  readonly place: string;
  readonly damage: string;
}

/** What `open` throws for damage is a finding of the comparison; everything else ends it. */
export async function openForComparison(place: string, open: () => Promise<LogSource>): Promise<LogSource | UnreadableLog> {
  try {
    return await open();
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code !== "CORRUPT") throw error;
    return { place, damage: error.message };
  }
}

/** A directory has its path beside the name when a running node, or another directory, is called the same. */
function nameAll(opened: readonly (LogSource | UnreadableLog)[]): { name: string; source: LogSource | UnreadableLog }[] {
  const plain = opened.map((source) => ("header" in source ? source.header.node : source.place));
  return opened.map((source, place) => {
    const name = plain[place]!;
    const isUnique = plain.filter((other) => other === name).length === 1;
    return { source, name: isUnique || !("header" in source) ? name : `${name} (${source.header.source === "live" ? "running" : source.header.dataDir})` };
  });
}

function checkCluster(headers: readonly LogHeader[]): void {
  const [first] = headers;
  const other = headers.find(({ clusterId }) => clusterId !== first?.clusterId);
  if (first === undefined || other === undefined) return;
  throw new RaftctlError("CLUSTER_MISMATCH", `${first.node} belongs to cluster ${first.clusterId}, ${other.node} to ${other.clusterId}: their logs have nothing to do with each other`);
}

async function readStably(name: string, source: LogSource, from: number | undefined): Promise<NodeLog> {
  let first = from;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readLog(name, source, first);
    } catch (thrown) {
      const { code, details } = toRaftctlError(thrown);
      if (attempt === attemptsMax || (code !== "BUSY" && code !== "NOT_FOUND")) throw thrown;
      if (code === "NOT_FOUND") first = Number(details?.["firstIndex"]);
    }
  }
}

async function readLog(name: string, source: LogSource, from: number | undefined): Promise<NodeLog> {
  const { header } = source;
  const { commitIndex, snapshots, damage } = header;
  const first = Math.max(header.firstIndex, from ?? 1);
  const entries: EntryMark[] = [];
  for await (const page of source.entries({ first, last: header.lastIndex }, "sizes")) entries.push(...page.map(markOf));
  const start = first === header.firstIndex ? header.start : { index: Math.min(first - 1, header.lastIndex), term: null };
  return {
    name, commitIndex, start, entries, damage: damage?.message ?? null,
    snapshots: snapshots.filter(({ index }) => index >= (from ?? 0)).map(({ index, term, digest }) => ({ index, term, digest })),
  };
}

function markOf({ index, term, type, bytes, crc }: LogEntry): EntryMark {
  return { index, term, type, bytes, crc };
}

function unreadable(name: string, { damage }: UnreadableLog): NodeLog {
  return { name, commitIndex: 0, start: { index: 0, term: null }, snapshots: [], entries: [], damage };
}

async function entriesAt(logs: readonly ComparedLog[], { firstDifference }: LogComparison): Promise<Map<string, LogEntry>> {
  const found = new Map<string, LogEntry>();
  if (firstDifference === undefined) return found;
  const { index, held } = firstDifference;
  for (const { name, source } of logs) {
    const mark = held.find(({ nodes }) => nodes.includes(name))?.entry;
    const entry = source === undefined || mark === undefined ? undefined : await entryUnlessGone(source, index);
    if (entry !== undefined && entry.term === mark?.term && entry.crc === mark.crc) found.set(name, entry);
  }
  return found;
}

/** It may have been compacted or replaced since the logs were read: then only its mark is known. */
async function entryUnlessGone(source: LogSource, index: number): Promise<LogEntry | undefined> {
  try {
    for await (const [entry] of source.entries({ first: index, last: index }, "sizes")) return entry;
  } catch (thrown) {
    const { code } = toRaftctlError(thrown);
    if (code !== "NOT_FOUND" && code !== "BUSY") throw thrown;
  }
  return undefined;
}
