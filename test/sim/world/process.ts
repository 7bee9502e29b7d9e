// A process: the production storage, host and region on simulated ports, put together in the order in which the daemon does it.

import { globalRegion, globalRegionName, parseClusterId, parseNodeId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { portablePorts } from "../../../src/daemon/backup/portable-codecs.ts";
import { SnapshotExports } from "../../../src/daemon/backup/snapshot-exports.ts";
import { ClientServer } from "../../../src/daemon/client-server.ts";
import { ReadViews } from "../../../src/host/read-views.ts";
import { Watches } from "../../../src/host/watch/watches.ts";
import { Rules } from "../../../src/daemon/rules.ts";
import { MembershipDirectory } from "../../../src/daemon/peer-directory.ts";
import { Announcement } from "../../../src/host/announcement.ts";
import { Host, type HostedRegion } from "../../../src/host/host.ts";
import { Joining } from "../../../src/host/joining.ts";
import { MemberChange } from "../../../src/host/member-change.ts";
import { Reaping } from "../../../src/host/reaping.ts";
import { RegionStorage } from "../../../src/host/region-storage.ts";
import { Replacing } from "../../../src/host/replacing.ts";
import { StandingCheck } from "../../../src/host/standing-check.ts";
import type { Transport } from "../../../src/host/transport.ts";
import type { Machine } from "../../../src/machine/machine.ts";
import type { AppliedBatch } from "../../../src/machine/state-machine.ts";
import { RuleBook } from "../../../src/machine/rules/rule-book.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import type { MembershipChange } from "../../../src/raft/membership.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import type { QueueView } from "../properties/property.ts";
import type { RaftOptions } from "../../../src/raft/options.ts";
import type { RaftStatus } from "../../../src/raft/status.ts";
import { countBoot, createIdentity, layout, readIdentity, type Identity } from "../../../src/storage/data-dir.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { openPledgeFile } from "../../../src/storage/pledge-file.ts";
import { SnapshotStore } from "../../../src/storage/snapshot-store.ts";
import { entryMemory } from "../../../src/storage/wal/record.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { withTime } from "../../../src/wire/command.ts";
import { LifeClock } from "../kernel/life-clock.ts";
import type { ProcessLife } from "../kernel/process-life.ts";
import { administration } from "./administration.ts";
import { memberOf, type Home } from "./home.ts";
import { ObservedStorage } from "./observed-storage.ts";
import { ProcessView } from "./process-view.ts";
import { SlowMachine } from "./slow-machine.ts";
import { pick, type ReapingKnobs } from "./knobs.ts";
import type { Surroundings } from "./surroundings.ts";

export const clusterId = parseClusterId("00112233445566778899aabbccddeeff");
const dataDir = "/data";
/** Small, so that states are compared all the time. */
const checkpointInterval = 16;

export interface Process extends HostedRegion {
  readonly life: ProcessLife;
  readonly host: Host;
  readonly machine: Machine;
  readonly wal: Wal;
  readonly server: ClientServer;
  readonly memberChange: MemberChange;
  readonly view: ProcessView;
  readonly exports: SnapshotExports;
  readonly rules: Rules;
}

interface Opened {
  readonly identity: Identity;
  readonly wal: Wal;
  readonly machine: Machine;
  readonly book: RuleBook;
  readonly storage: RegionStorage;
  /** Of the core of this process, where it is not that of the seed. */
  readonly timing: Partial<RaftOptions>;
}

/** Rejects with what the storage refused; never settles when the life ends before. */
export async function startProcess(node: Home, life: ProcessLife, world: Surroundings): Promise<Process> {
  const { scheduler, network, knobs } = world;
  const clock = new LifeClock(life, scheduler, node.clock);
  const opened = await openStorage(node, life, { world, clock });
  opened.storage.replay();
  let process: Process | undefined = undefined as Process | undefined;
  const directory = new MembershipDirectory(() => process?.raft.core.membership);
  const endpoint = { life, directory, identity: { nodeId: node.id, incarnation: node.incarnation, name: node.name, regions: [globalRegion], clusterId, clusterIncarnation: 1 } };
  const transport = network.transportOf(() => ({ ...endpoint, receiver: host.receiver }));
  const host = new Host(clock, administration(() => process!, directory));
  const view = new ProcessView(node, life, { machine: opened.machine, queues: () => queuesOf(process, world) });
  const storage = new ObservedStorage(opened.storage, life, {
    applyMs: () => world.prng.next() * knobs.applyMsMax,
    stateIsWrong: () => node.stateIsWrong,
    applied: (entries, results) => world.guard(() => world.watch.applied(view, entries, results)),
    saved: () => world.guard(() => world.watch.saved(view)),
    installed: (index) => world.guard(() => world.watch.installed(view, index)),
  });
  const upkeep: { observed(event: RaftEvent): void }[] = [];
  const memory = entryMemory();
  const hosted = await host.open({
    region: globalRegion, network: transport.network.forGroup(globalRegion), storage, leases: opened.machine.leases, clock, crc32: world.crc32, logger: silentLogger,
    raft: { ...raftOptionsOf(node, world), ...opened.timing }, admit: (command) => withTime(command, clock.wallNow(), (length) => memory.take(length)), validator: opened.book, certainty: opened.machine, waitingMax: knobs.waitingMax,
    snapshotChunkBytes: knobs.snapshotChunkBytes,
    compaction: { logBytes: knobs.compactionBytes, logBytesMax: 4 * knobs.compactionBytes, trailingEntries: knobs.trailingEntries, trailingBytes: 2 * knobs.compactionBytes },
    onEvent: (event) => {
      world.observed(event);
      for (const part of upkeep) part.observed(event);
    },
    onFatal: (error) => node.fatal(life, error),
  });
  view.begin(hosted.raft);
  const memberChange = new MemberChange({ raft: hosted.raft, transport, clock, logger: silentLogger, clusterId, electionTimeout: knobs.electionTimeout, newNodeId: () => parseNodeId(String(1_000_000 + world.prng.integer(0, 1_000_000_000))) });
  const watches = new Watches({ region: hosted.raft, machine: opened.machine, clock });
  let viewsHeld = 0;
  const views = new ReadViews({ machine: opened.machine, clock, newName: () => `view ${(viewsHeld += 1)}` });
  const server = new ClientServer(node.name, () => ({ hosted, machine: opened.machine, watches, views }), undefined as never);
  const owner = { clusterId, clusterIncarnation: 1, region: { id: globalRegion, name: globalRegionName } };
  const exports = new SnapshotExports({ clock, ports: portablePorts, owner, written: () => hosted.raft.core.commitIndex, openImage: () => opened.storage.openImage() });
  const rules = new Rules({ hosted, machine: opened.machine, book: opened.book, clock });
  process = { ...hosted, life, host, machine: opened.machine, wal: opened.wal, server, memberChange, view, exports, rules };
  network.listen({ ...endpoint, receiver: host.receiver });
  const { joining, announce } = enterCluster(node, process, { world, transport, clock, directory });
  upkeep.push(...keepMembership(node, process, { world, transport, clock, directory, joining, announce }));
  return process;
}

/** What the daemon of each node runs besides: it carries out replacements and removes the dead where it leads, and asks how it stands when it hears of no leader. */
function keepMembership(node: Home, { raft, gateway, memberChange, view }: Process, parts: { world: Surroundings; transport: Transport; clock: LifeClock; directory: MembershipDirectory; joining: Joining | undefined; announce: () => void }): readonly [Replacing, StandingCheck] {
  const { world, transport, clock, directory, joining, announce } = parts;
  const { electionTimeout, reaping } = world.knobs;
  const replacing = new Replacing({ raft, memberChange, clock, logger: silentLogger, intervalMs: electionTimeout / 2 });
  const standingCheck = new StandingCheck({
    raft, gateway, network: transport.network.forGroup(globalRegion), clock, logger: silentLogger, electionTimeout,
    others: () => directory.ids, self: () => memberOf(node), onTakenBack: announce, admittedAt: () => (joining === undefined ? 0 : joining.admittedAt),
  });
  replacing.start();
  standingCheck.start();
  if (reaping !== undefined) startReaping({ raft, memberChange, view }, { world, clock, reaping });
  return [replacing, standingCheck];
}

function startReaping({ raft, memberChange, view }: Pick<Process, "raft" | "memberChange" | "view">, parts: { world: Surroundings; clock: LifeClock; reaping: ReapingKnobs }): void {
  const { world, clock, reaping: { afterElectionTimeouts, minVoters } } = parts;
  const { electionTimeout } = world.knobs;
  const change = (wanted: MembershipChange): Promise<unknown> => {
    for (const dead of wanted.remove ?? []) {
      world.trace.record(view.name, "reaping", `n${dead} is dead`);
      world.guard(() => world.watch.reaping(view, dead));
    }
    return memberChange.change(wanted);
  };
  const status = (): RaftStatus | undefined => (raft.divergence === undefined ? raft.core.status() : undefined);
  new Reaping({ status, change, clock, logger: silentLogger, reapAfterMs: afterElectionTimeouts * electionTimeout, minVoters, electionTimeout }).start();
}

async function openStorage(node: Home, life: ProcessLife, { world, clock }: { world: Surroundings; clock: LifeClock }): Promise<Opened> {
  const { crc32, knobs } = world;
  const disk = node.disk.attach(life);
  const identity = (await readIdentity(disk, dataDir, crc32)) ?? (await found(node, disk, world));
  await countBoot(disk, dataDir, crc32);
  const timing = await drawTiming(world, { disk, clock });
  const wal = await Wal.open({
    disk, directory: layout.wal(dataDir), crc32, clock, logger: silentLogger, clusterId, nodeId: node.id, incarnation: identity.incarnation,
    segmentBytes: knobs.segmentBytes, batchBytesMax: knobs.batchBytesMax, idleMarkMs: knobs.idleMarkMs, freeBytesMin: 4 * knobs.segmentBytes,
    onFatal: (error) => node.fatal(life, error),
  });
  const snapshots = await SnapshotStore.open({ disk, directory: layout.snapshots(dataDir, globalRegion), crc32, clusterId, region: globalRegion, logger: silentLogger });
  const store = node.store.attach(life, () => node.disk.conditions.freeBytes);
  const onApplied = (batch: AppliedBatch): void => book.applied(batch);
  const machine: Machine = new SlowMachine({ store, crc32, checkpointInterval, sessionLimits: knobs.sessions, onApplied }, life, () => node.restoreMs ?? world.prng.next() * knobs.installMsMax);
  const book = new RuleBook({ state: machine, clock, onFailure: (error) => node.fatal(life, error) });
  const founding = identity.foundedBy === "init" ? { founding: world.founding } : {};
  const storage = await RegionStorage.open({ region: globalRegion, wal, machine, snapshots, logger: silentLogger, ...founding });
  return { identity, wal, machine, book, storage, timing };
}

/** Another election timeout, and lease reads on or off, as if somebody had edited the configuration before this start. */
async function drawTiming({ prng, crc32, knobs: { electionTimeout: usual, leaseReads } }: Surroundings, { disk, clock }: { disk: Disk; clock: LifeClock }): Promise<Partial<RaftOptions>> {
  if (leaseReads === undefined) return {};
  const { driftMax, offShare, electionTimeouts } = leaseReads;
  const electionTimeout = usual * pick(prng, electionTimeouts);
  const isOn = !prng.chance(offShare);
  const { earlierMs } = await openPledgeFile({ disk, directory: dataDir, crc32, clock, logger: silentLogger }, isOn ? electionTimeout : undefined);
  return { electionTimeout, pledgedMs: earlierMs, leaseReads: isOn ? { driftMax } : undefined };
}

async function found(node: Home, disk: ReturnType<Home["disk"]["attach"]>, { crc32 }: Surroundings): Promise<Identity> {
  const identity: Identity = {
    formatVersion: 1, clusterId, clusterIncarnation: 1, nodeId: node.id, incarnation: node.incarnation, name: node.name, foundedBy: node.founder ? "init" : "join", settings: {},
  };
  await createIdentity(disk, dataDir, identity, crc32);
  return identity;
}

function raftOptionsOf(node: Home, world: Surroundings) {
  const { electionTimeout, heartbeatInterval, appendBytesMax, appendsInFlightMax, applyBytesMax, uncommittedBytesMax } = world.knobs;
  return { id: node.id, masterEligible: node.masterEligible, prng: world.prng, electionTimeout, heartbeatInterval, appendBytesMax, appendsInFlightMax, applyBytesMax, uncommittedBytesMax };
}

/** A newcomer asks its way in, and goes on asking after a restart until it votes. */
function enterCluster(node: Home, { raft, gateway, life }: Process, parts: { world: Surroundings; transport: Transport; clock: LifeClock; directory: MembershipDirectory }): { joining: Joining | undefined; announce: () => void } {
  const { world, transport, clock, directory } = parts;
  const { electionTimeout, voters } = world.knobs;
  const announcement = new Announcement({ raft, gateway, clock, logger: silentLogger, retryMs: electionTimeout / 2 });
  const announce = (): void => void announcement.announce(memberOf(node)).then(() => world.trace.record(node.name, "announced", memberOf(node).clientAddress));
  if (node.founder || raft.core.membership.voters.includes(node.id)) {
    announce();
    return { joining: undefined, announce };
  }
  const joining = new Joining({
    raft, gateway, transport, clock, logger: silentLogger, retryMs: electionTimeout / 4, giveUpMs: electionTimeout * 1_000,
    seeds: Array.from({ length: voters }, (_, position) => `n${position + 1}:1`),
    request: { ...memberOf(node), role: "voter", promote: "auto", dryRun: false },
    onMembers: (members) => directory.introduce(members),
  });
  void joining.run().then((stage) => {
    if (!life.alive) return;
    const reason = joining.progress().error?.message;
    world.trace.record(node.name, "joining", `ended as ${stage}${reason === undefined ? "" : `: ${reason}`}`);
    // Before anybody knows whose state is wrong, nothing is thrown away: it may have become a voter.
    if (stage !== "failed") announce();
    else if (raft.divergence === undefined) world.joiningFailed();
  });
  return { joining, announce };
}

/** Room for the requests that are not entries: votes, heartbeats, reads, chunks, and what clients have others hand on. */
const otherCallsMax = 400;

function queuesOf(process: Process | undefined, { network, knobs }: Surroundings): readonly QueueView[] {
  if (process === undefined) return [];
  const { core } = process.raft;
  // What leaders before it have left may be committed long since, without this one knowing yet.
  const isOwn = ({ term }: { readonly term: number }): boolean => core.role === "leader" && term === core.currentTerm;
  const uncommitted = core.entriesBetween(core.commitIndex + 1, core.lastIndex).filter(isOwn);
  // A single command may be larger than the bound, and the leader's own entries do not count.
  const largest = uncommitted.reduce((most, { data }) => Math.max(most, data.length), 0);
  const bytes = uncommitted.reduce((sum, { type, data }) => sum + (type === entryTypes.command ? data.length : 0), 0);
  return [
    { name: "bytes of uncommitted commands", held: bytes, max: knobs.uncommittedBytesMax + largest },
    { name: "requests of peers without an answer", held: network.openCalls(process.life), max: otherCallsMax + 8 * knobs.appendsInFlightMax },
  ];
}
