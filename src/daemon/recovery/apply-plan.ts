// Carries a plan out on the survivor, in an order that a crash cannot hurt, and again as often as needed:
//
//   1 copies   identity and the end of the log go into <data-dir>/recovery-<plan id>/
//   2 fence    the identity gets the new cluster incarnation: from here on nobody of the old cluster talks to this node
//   3 entry    one batch of the log: hard state of a new term, and the membership with this node as its only voter
//
// Between 2 and 3 the node still has the old membership and can reach nobody: it can do nothing. In the other order it would for a moment be a leader
// that the old cluster could talk to. The entry is committed by the node itself when it is started.

import { RaftctlError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { Crc32 } from "../../base/crc.ts";
import { globalRegion } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import { markWrites } from "../../host/region-storage.ts";
import { entryTypes, type HardState } from "../../raft/entry.ts";
import { encodeMembership } from "../../raft/membership-codec.ts";
import { layout, raiseClusterIncarnation, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { makeDurableDirectory, readSmallFile, replaceFile } from "../../storage/durable-file.ts";
import { segmentName } from "../../storage/wal/segment.ts";
import { Wal, type WalWrite } from "../../storage/wal/wal.ts";
import { readSurvivor, type ReadSurvivor } from "./read-survivor.ts";
import type { RecoveryPlan } from "./recovery-plan.ts";
import { lastPosition, termAt } from "./survivor.ts";

export interface ApplyParts {
  readonly disk: Disk;
  readonly crc32: Crc32;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a new segment, if one is needed. */
  readonly segmentBytes: number;
}

/** planned: untouched. fenced: an earlier attempt ended behind step 2. applied: nothing is left to do. */
export type ApplyStage = "planned" | "fenced" | "applied";

export function backupDirectory(directory: string, { planId }: RecoveryPlan): string {
  return `${directory}/recovery-${planId}`;
}

/** How far the plan is carried out here. @throws UNSAFE when this is not the survivor as the plan saw it */
export async function applyStage({ disk, crc32 }: ApplyParts, directory: string, plan: RecoveryPlan): Promise<ApplyStage> {
  const stage = stageOf(await readSurvivor(disk, directory, crc32), directory, plan);
  if (stage === "fenced") await checkFencedByThis(disk, directory, plan);
  return stage;
}

/** The copies come before the fence: without them it was another plan, and the identity as it was before lies in that one's directory. */
async function checkFencedByThis(disk: Disk, directory: string, plan: RecoveryPlan): Promise<void> {
  if (await disk.exists(`${backupDirectory(directory, plan)}/identity`)) return;
  throw new RaftctlError("UNSAFE", `${directory} was raised to cluster incarnation ${plan.clusterIncarnation} by another plan than ${plan.planId}`, { hint: "apply the plan that was begun, or make a new one" });
}

/** @returns the stage that was found. @throws UNSAFE, CORRUPT, NO_SPACE, IO_ERROR */
export async function applyPlan(parts: ApplyParts, directory: string, plan: RecoveryPlan): Promise<ApplyStage> {
  const { disk, crc32 } = parts;
  const found = await readSurvivor(disk, directory, crc32);
  const stage = stageOf(found, directory, plan);
  if (stage === "applied") return stage;
  if (stage === "fenced") await checkFencedByThis(disk, directory, plan);
  if (stage === "planned") {
    await keepCopies(disk, directory, plan, found);
    await raiseClusterIncarnation(disk, directory, recoveredIdentity(found.identity, plan), crc32);
  }
  await appendEntry(parts, directory, plan, found);
  return stage;
}

function stageOf({ identity, survivor }: ReadSurvivor, directory: string, plan: RecoveryPlan): ApplyStage {
  if (identity.clusterId !== plan.clusterId || identity.nodeId !== plan.survivor.nodeId) {
    throw new RaftctlError("UNSAFE", `${directory} is node ${identity.name} (${identity.nodeId}); the plan chose ${plan.survivor.name} (${plan.survivor.nodeId})`, {
      hint: `run it on the machine of ${plan.survivor.name}`,
    });
  }
  const isFenced = identity.clusterIncarnation === plan.clusterIncarnation;
  const holdsEntry = survivor.snapshot.index > plan.entry.index || termAt(survivor, plan.entry.index) === plan.entry.term;
  if (isFenced && holdsEntry) return "applied";
  const { last, hardState } = plan.survivor;
  const end = lastPosition(survivor);
  const isAsPlanned = end.index === last.index && end.term === last.term && sameHardState(survivor.hardState, hardState);
  if (isAsPlanned && (isFenced || identity.clusterIncarnation === plan.fromIncarnation)) return isFenced ? "fenced" : "planned";
  throw new RaftctlError("UNSAFE", `${directory} has changed since the plan was made: it ends at index ${end.index} of term ${end.term} in cluster incarnation ${identity.clusterIncarnation}, the plan saw index ${last.index} of term ${last.term} in ${plan.fromIncarnation}`, {
    hint: "make a new plan",
  });
}

function sameHardState(left: HardState, right: HardState): boolean {
  return left.currentTerm === right.currentTerm && left.votedFor === right.votedFor && left.commitIndex === right.commitIndex;
}

/** It is the only one that can lead, whatever it was told when it joined. */
function recoveredIdentity(identity: Identity, { clusterIncarnation }: RecoveryPlan): Identity {
  const isKeptFromLeading = identity.settings["masterEligible"] === false;
  return { ...identity, clusterIncarnation, settings: isKeptFromLeading ? { ...identity.settings, masterEligible: true } : identity.settings };
}

/** A copy that is there is older than any change: it stays. */
async function keepCopies(disk: Disk, directory: string, plan: RecoveryPlan, { image }: ReadSurvivor): Promise<void> {
  const backup = backupDirectory(directory, plan);
  await makeDurableDirectory(disk, `${backup}/wal`);
  const written = image.segments.filter(({ sequence }) => sequence >= image.end.sequence).map(({ sequence }) => segmentName(sequence));
  const copies = [[layout.identity(directory), `${backup}/identity`], ...written.map((name) => [`${layout.wal(directory)}/${name}`, `${backup}/wal/${name}`])];
  for (const [from, to] of copies) if (!(await disk.exists(to!))) await replaceFile(disk, to!, await readSmallFile(disk, from!));
}

async function appendEntry(parts: ApplyParts, directory: string, plan: RecoveryPlan, { identity, log }: ReadSurvivor): Promise<void> {
  const { clusterId, nodeId, incarnation } = identity;
  const failed: Error[] = [];
  const wal = await Wal.open({
    ...parts, clusterId, nodeId, incarnation, directory: layout.wal(directory), batchBytesMax: 1024 * 1024, idleMarkMs: 20, freeBytesMin: 0, onFatal: (error) => failed.push(error),
  });
  try {
    await wal.append(writesOf(plan, nodeId, log));
  } finally {
    await wal.close();
  }
  if (failed[0] !== undefined) throw failed[0];
}

/** In one batch, so a crash keeps all of it or nothing. What a snapshot has replaced gives way first, as at a start. */
function writesOf({ entry, membership }: RecoveryPlan, nodeId: string, { hardState, snapshot, entries, marked }: ReadSurvivor["log"]): WalWrite[] {
  const region = globalRegion;
  const led: HardState = { currentTerm: entry.term, votedFor: nodeId, commitIndex: hardState.commitIndex };
  return [
    ...(marked ? markWrites(region, snapshot, hardState, entries) : []),
    { kind: "hardState", region, hardState: led },
    { kind: "entries", region, entries: [{ ...entry, type: entryTypes.membership, data: encodeMembership(membership) }] },
  ];
}
