// What a repair would make of a damaged directory. Only of a node that is its whole cluster: what a member of a larger one forgets it may have acknowledged,
// and it is replaced instead, which loses nothing.

import { RaftctlError } from "../../base/errors.ts";
import { entryTypes, type Entry, type HardState, type LogPosition } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import type { Membership } from "../../raft/membership.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import type { Identity } from "../../storage/data-dir.ts";
import type { GoodParts } from "./good-parts.ts";

export interface RepairPlan {
  readonly identity: Identity;
  /** Empty for a log that is only cut. */
  readonly damages: readonly RaftctlError[];
  readonly damagedSnapshots: readonly string[];
  /** state: a new snapshot is made of it, and the log begins anew behind that. log: the log is kept up to its first damage, or to where it is cut. */
  readonly keeps: "state" | "log";
  /** Where the log begins. */
  readonly begin: SnapshotMeta;
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
  /** The last index that is kept. */
  readonly last: LogPosition;
  /** It holds more than what is kept: it goes aside, and the next start makes it anew from snapshot and log. */
  readonly statesAside: boolean;
}

/** A lone voter begins a term with each start: the part that is lost has seen fewer than this. */
const termsSkipped = 1_000;

/** undefined: nothing is damaged. @throws UNSAFE for a member of a larger cluster, CORRUPT when nothing is left to begin with */
export function planRepair(identity: Identity, parts: GoodParts, directory: string): RepairPlan | undefined {
  const { damages, applied, membership } = parts;
  if (damages.length === 0) return undefined;
  const end = endOf(parts);
  if (applied.index === 0 && end.index === 0) throw new RaftctlError("CORRUPT", `nothing that is left of ${directory} can be relied on`, { hint: "raftctl snapshot restore, from a backup" });
  checkAlone(identity, membership, directory);
  if (applied.index < end.index) return keepingLog(identity, parts, end.index);
  const last: LogPosition = { index: applied.index, term: applied.term };
  return { identity, ...damageOf(parts), keeps: "state", begin: { ...last, membership }, entries: [], last, statesAside: false, hardState: skippedTo(parts, last, last.index) };
}

/**
 * The log ends at this index, whatever stands behind it and whether anything is damaged: for an entry that must never have been written.
 * undefined: it ends there already. @throws NOT_FOUND for an index that the log cannot end at, UNSAFE for a member of a larger cluster, then or now
 */
export function planTruncation(identity: Identity, parts: GoodParts, { directory, at }: { readonly directory: string; readonly at: number }): RepairPlan | undefined {
  const { damages, snapshot, entries, membership } = parts;
  const end = endOf(parts);
  if (at < snapshot.index || at > end.index) {
    const held = end.index === 0 ? "nothing of the log can be read" : `it can end at ${snapshot.index} to ${end.index}`;
    throw new RaftctlError("NOT_FOUND", `the log in ${directory} cannot end at ${at}: ${held}`, { hint: "raftctl inspect-log shows it; what a snapshot holds is undone with raftctl snapshot restore, from a backup" });
  }
  if (at === end.index && damages.length === 0) return undefined;
  checkAlone(identity, membership, directory);
  checkAlone(identity, membershipAt(at, snapshot, entries), `${directory} as it was at index ${at}`);
  return keepingLog(identity, parts, at);
}

function keepingLog(identity: Identity, parts: GoodParts, at: number): RepairPlan {
  const { snapshot, applied, hardState } = parts;
  const entries = parts.entries.slice(0, at - snapshot.index);
  const { index, term } = entries.at(-1) ?? snapshot;
  const commitIndex = Math.min(Math.max(hardState.commitIndex, snapshot.index), index);
  return { identity, ...damageOf(parts), keeps: "log", begin: snapshot, entries, last: { index, term }, statesAside: applied.index > index, hardState: skippedTo(parts, endOf(parts), commitIndex) };
}

function damageOf({ damages, damagedSnapshots }: GoodParts): Pick<RepairPlan, "damages" | "damagedSnapshots"> {
  return { damages, damagedSnapshots };
}

function endOf({ entries, snapshot }: GoodParts): LogPosition {
  return entries.at(-1) ?? snapshot;
}

function skippedTo({ hardState: { currentTerm } }: GoodParts, { term }: LogPosition, commitIndex: number): HardState {
  return { currentTerm: Math.max(currentTerm, term) + termsSkipped, votedFor: undefined, commitIndex };
}

function membershipAt(index: number, snapshot: SnapshotMeta, entries: readonly Entry[]): Membership {
  const change = entries.findLast((entry) => entry.type === entryTypes.membership && entry.index <= index);
  return change === undefined ? snapshot.membership : decodeMembership(change.data);
}

function checkAlone({ nodeId, name }: Identity, { members, voters, votersOutgoing }: Membership, what: string): void {
  const others = members.filter(({ id }) => id !== nodeId);
  if (others.length === 0 && voters.length === 1 && voters[0] === nodeId && votersOutgoing.length === 0) return;
  const why = members.length === 0 ? "what is left does not say who belongs to the cluster" : `${name} is a member beside ${others.map((member) => member.name).join(", ")}, and may have acknowledged what would be lost`;
  throw new RaftctlError("UNSAFE", `${what} is not repaired: ${why}`, { hint: "replace the member: raftctl join --fresh, or raftctl member replace; a lost quorum: raftctl recover" });
}
