// Opens what a node keeps on its disk, in the order that recovery needs: lock, identity, log, snapshots, state. A directory that is in use, that was
// never initialised, or whose parts contradict each other is refused with one line; nothing is changed then.

import { RaftctlError } from "../base/errors.ts";
import { globalRegion } from "../base/ids.ts";
import type { Config } from "../config/schema.ts";
import { RegionStorage } from "../host/region-storage.ts";
import { Machine } from "../machine/machine.ts";
import { RuleBook } from "../machine/rules/rule-book.ts";
import type { Store } from "../machine/store.ts";
import type { Membership } from "../raft/membership.ts";
import { countBoot, layout, readIdentity, type Identity } from "../storage/data-dir.ts";
import type { CompactableStore } from "../platform/lmdb-store.ts";
import { openPledgeFile } from "../storage/pledge-file.ts";
import { SnapshotStore } from "../storage/snapshot-store.ts";
import { entryMemory } from "../storage/wal/record.ts";
import { Wal } from "../storage/wal/wal.ts";
import { admissionFault } from "../wire/cluster-version.ts";
import { withTime } from "../wire/command.ts";
import type { DaemonParts } from "./parts.ts";
import { SpaceQuota } from "./space-quota.ts";
import { refuseUnknownLevel } from "./upgrade/start-check.ts";
import { walBounds } from "./wal-bounds.ts";

export interface NodeStorage {
  readonly identity: Identity;
  readonly wal: Wal;
  readonly machine: Machine;
  readonly quota: SpaceQuota;
  /** What this node appends for a command when it leads, or why it does not. */
  readonly admit: (command: Uint8Array) => Uint8Array | RaftctlError;
  /** What may be written under which prefix. */
  readonly rules: RuleBook;
  readonly region: RegionStorage;
  readonly snapshots: SnapshotStore;
  /** An earlier run may have pledged not to vote for so long, ms. */
  readonly pledgedMs: number | undefined;
  /** Gives back the space of what was deleted from the state. */
  readonly compactState: CompactableStore["compact"];
  close(): Promise<void>;
}

export async function openNodeStorage(config: Config, parts: DaemonParts, onFatal: (error: Error) => void): Promise<NodeStorage> {
  const closers: (() => Promise<void>)[] = [];
  // Each, also after one that fails: a log that cannot be closed in order must not keep the lock.
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.toReversed()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    return { ...(await openAll(config, parts, onFatal, closers)), close };
  } catch (error) {
    await close().catch((cause: unknown) => parts.logger.warn({ reason: String(cause) }, "storage did not close cleanly"));
    throw error;
  }
}

async function openAll(config: Config, parts: DaemonParts, onFatal: (error: Error) => void, closers: (() => Promise<void>)[]): Promise<Omit<NodeStorage, "close">> {
  const { disk, crc32, clock, logger } = parts;
  const { dataDir } = config;
  if (!(await disk.exists(dataDir))) throw notInitialized(dataDir);
  const lock = await parts.lock(dataDir);
  closers.push(() => lock.release());
  const identity = await readIdentity(disk, dataDir, crc32);
  if (identity === undefined) throw notInitialized(dataDir);
  await refuseUnknownLevel(parts, layout.state(dataDir, globalRegion));
  const boot = await countBoot(disk, dataDir, crc32);
  logger.info({ cluster: identity.clusterId, node: identity.nodeId, name: identity.name, boot }, "starting");
  const pledges = await openPledgeFile({ disk, directory: dataDir, crc32, clock, logger }, config.raft.leaseReads ? Math.ceil(config.raft.electionTimeout) : undefined);
  closers.push(async () => pledges.close());
  const { clusterId, nodeId, incarnation } = identity;
  const wal = await Wal.open({
    disk, directory: layout.wal(dataDir), crc32, clock, logger, clusterId, nodeId, incarnation,
    segmentBytes: config.wal.segmentBytes, onFatal, ...walBounds,
  });
  closers.push(() => wal.close());
  const snapshots = await SnapshotStore.open({ disk, directory: layout.snapshots(dataDir, globalRegion), crc32, clusterId, region: globalRegion, logger });
  if (identity.foundedBy === "restore" && snapshots.latest === undefined) throw missingBackup(dataDir);
  const { store } = await parts.openStore(layout.state(dataDir, globalRegion), logger);
  closers.push(() => closeStore(store));
  const machine: Machine = new Machine({ store, crc32, versions: parts.versions, onApplied: (batch) => rules.applied(batch) });
  const rules = new RuleBook({ state: machine, clock, onFailure: onFatal });
  const founding = identity.foundedBy === "init" ? foundingMembership(identity, config) : undefined;
  const region = await RegionStorage.open({ region: globalRegion, wal, machine, snapshots, logger, ...(founding === undefined ? {} : { founding }) });
  const quota = new SpaceQuota(machine);
  const memory = entryMemory();
  const admit = (command: Uint8Array): Uint8Array | RaftctlError =>
    admissionFault(command, parts.versions, () => machine.level) ?? quota.admit(command) ?? withTime(command, clock.wallNow(), (length) => memory.take(length));
  return { identity, wal, machine, region, snapshots, quota, rules, admit, pledgedMs: pledges.earlierMs, compactState: () => store.compact() };
}

/** Without it the node would begin with nothing, in a cluster that has everything. */
function missingBackup(dataDir: string): RaftctlError {
  return new RaftctlError("CORRUPT", `${layout.snapshots(dataDir, globalRegion)} is empty, but this node was restored from a backup`, { hint: "remove the directory and restore it again with raftctl snapshot restore" });
}

async function closeStore(store: Store): Promise<void> {
  await store.flush();
  await store.close();
}

function notInitialized(dataDir: string): RaftctlError {
  return new RaftctlError("NOT_INITIALIZED", `${dataDir} holds no node yet`, { hint: "raftctl init (a new cluster) or raftctl join HOST:PORT (an existing one)" });
}

/** The founder alone; its addresses are announced through the log once they are bound. */
function foundingMembership({ nodeId, name, incarnation }: Identity, config: Config): Membership {
  const { listen, advertise, masterEligible } = config;
  const member = { id: nodeId, name, incarnation, masterEligible, peerAddress: advertise.peer ?? listen.peer, clientAddress: advertise.client ?? listen.client };
  return { voters: [nodeId], votersOutgoing: [], learners: [], learnersNext: [], members: [member] };
}
