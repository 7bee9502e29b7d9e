// What a repair would make of a damaged directory. Only of a node that is its whole cluster: what a member of a larger one forgets it may have acknowledged,
// and it is replaced instead, which loses nothing.

import { RaftctlError } from "../../base/errors.ts";
import type { Entry, HardState, LogPosition } from "../../raft/entry.ts";
import type { SnapshotMeta } from "../../raft/message.ts";
import type { Identity } from "../../storage/data-dir.ts";
import type { GoodParts } from "./good-parts.ts";

export interface RepairPlan {
  readonly identity: Identity;
  readonly damages: readonly RaftctlError[];
  readonly damagedSnapshots: readonly string[];
  /** state: a new snapshot is made of it, and the log begins anew behind that. log: the log is kept up to its first damage. */
  readonly keeps: "state" | "log";
  /** Where the log begins. */
  readonly begin: SnapshotMeta;
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
  /** The last index that is kept. */
  readonly last: LogPosition;
}

/** A lone voter begins a term with each start: the part that is lost has seen fewer than this. */
const termsSkipped = 1_000;

/** undefined: nothing is damaged. @throws UNSAFE for a member of a larger cluster, CORRUPT when nothing is left to begin with */
export function planRepair(identity: Identity, parts: GoodParts, directory: string): RepairPlan | undefined {
  const { damages, damagedSnapshots, snapshot, entries, applied, membership } = parts;
  if (damages.length === 0) return undefined;
  const end: LogPosition = entries.at(-1) ?? snapshot;
  if (applied.index === 0 && end.index === 0) throw new RaftctlError("CORRUPT", `nothing that is left of ${directory} can be relied on`, { hint: "raftctl snapshot restore, from a backup" });
  checkAlone(identity, parts, directory);
  const keeps = applied.index >= end.index ? "state" : "log";
  const last: LogPosition = keeps === "state" ? { index: applied.index, term: applied.term } : { index: end.index, term: end.term };
  const { currentTerm } = parts.hardState;
  return {
    identity, damages, damagedSnapshots, keeps, last,
    begin: keeps === "state" ? { ...last, membership } : snapshot,
    entries: keeps === "state" ? [] : entries,
    hardState: { currentTerm: Math.max(currentTerm, last.term) + termsSkipped, votedFor: undefined, commitIndex: keeps === "state" ? last.index : Math.min(Math.max(parts.hardState.commitIndex, snapshot.index), end.index) },
  };
}

function checkAlone({ nodeId, name }: Identity, { membership: { members, voters, votersOutgoing } }: GoodParts, directory: string): void {
  const others = members.filter(({ id }) => id !== nodeId);
  if (others.length === 0 && voters.length === 1 && voters[0] === nodeId && votersOutgoing.length === 0) return;
  const why = members.length === 0 ? "what is left does not say who belongs to the cluster" : `${name} is a member beside ${others.map((member) => member.name).join(", ")}, and may have acknowledged what is damaged`;
  throw new RaftctlError("UNSAFE", `${directory} is not repaired: ${why}`, { hint: "replace the member: raftctl join --fresh, or raftctl member replace; a lost quorum: raftctl recover" });
}
