// One node, assembled: storage, region, transport, client listener and admin socket. The only place that puts real parts together, and the order in
// which they come up and go down: the state is rebuilt before anybody can ask for it (S122), and nobody can ask before anything is taken away.

import { Prng } from "../base/prng.ts";
import { globalRegion } from "../base/ids.ts";
import { toRaftctlError } from "../base/errors.ts";
import { defer, type Deferred } from "../base/deferred.ts";
import type { Logger } from "../base/logger.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { Announcement } from "../host/announcement.ts";
import { Host, type HostedRegion } from "../host/host.ts";
import { Joining } from "../host/joining.ts";
import type { RequestServer, RequestServerOptions } from "../platform/request-server.ts";
import type { Member } from "../raft/membership.ts";
import type { AdminMethods, DaemonStatus, JoinProgress } from "../wire/admin-protocol.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import type { NodeFacts } from "../wire/node-facts.ts";
import { AdminHandlers } from "./admin-handlers.ts";
import { startAdminServer } from "./admin-server.ts";
import { advertisedAddress, listenAddress } from "./addresses.ts";
import { Backups } from "./backup/backups.ts";
import { compactionPolicy } from "./compaction-policy.ts";
import { ClientDoors } from "./client-doors.ts";
import type { Rediscovery } from "./discovery/rediscovery.ts";
import { logEvent } from "./event-log.ts";
import { nodeFacts } from "./facts.ts";
import { FormingNode } from "./formation/forming-node.ts";
import { ReceiverDoor } from "./formation/receiver-door.ts";
import { joinIntent } from "./join-intent.ts";
import { atPosition, formationAnswer, localIdentity } from "./local-identity.ts";
import { LagMeter } from "./lag-meter.ts";
import { handOver, leadAlone } from "./leadership.ts";
import { searchMovedPeers } from "./moved-peers.ts";
import { openNodeStorage, type NodeStorage } from "./node-storage.ts";
import type { RegionView } from "./node-status.ts";
import type { BoundTransport, DaemonParts } from "./parts.ts";
import { MembershipUpkeep } from "./membership-upkeep.ts";
import { MembershipDirectory } from "./peer-directory.ts";
import { peerLimits } from "./peer-limits.ts";
import { raftOptions } from "./raft-options.ts";
import { FenceWatch } from "./recovery/fence-watch.ts";
import { daemonReport, nodeReport, plaintextWarnings, versionReport, type Addresses } from "./reports.ts";
import { Rules } from "./rules.ts";
import { Upgrades } from "./upgrade/upgrades.ts";

export interface StopOptions {
  /** Hand leadership over before going. */
  readonly transfer: boolean;
  /** How long requests that are under way may still take, ms. */
  readonly drainMs: number;
}

export type DaemonState = "starting" | "forming" | "recovering" | "joining" | "ready" | "stopping";

/** Writes that wait for their outcome; more are answered BUSY. Where ten thousand are done in a second the last one waits for less than half of one. */
const waitingMax = 4096;
const announceRetryMs = 500;
const joinRetryMs = 200;

export class Daemon {
  readonly #config: Config;
  readonly #loaded: LoadedConfig;
  readonly #parts: DaemonParts;
  readonly #logger: Logger;
  readonly #ended: Deferred<Error | undefined> = defer();
  readonly #entered: Deferred<JoinProgress["stage"]> = defer();
  readonly #startedAt: number;
  /** Of the wall clock against ours; it moves when somebody sets the wall clock. */
  readonly #wallClockOffset: number;
  readonly #fence: FenceWatch;
  #state: DaemonState = "starting";
  #storage!: NodeStorage;
  #transport!: BoundTransport;
  #host!: Host;
  #hosted!: HostedRegion;
  #doors: ClientDoors | undefined;
  #admin!: RequestServer;
  #directory!: MembershipDirectory;
  #lag!: LagMeter;
  #upkeep: MembershipUpkeep | undefined;
  #backups: Backups | undefined;
  #announcement: Announcement | undefined;
  #joining: Joining | undefined;
  #search: Rediscovery | undefined;
  #forming: FormingNode | undefined;
  /** What peers send while there is no region, and afterwards. */
  #door: ReceiverDoor | undefined;
  /** Settles when a forming node has ended forming, and serves or has failed. */
  #formed: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Serves when it resolves; a leader is not needed for that. Leaves nothing behind when it rejects. */
  static async start(loaded: LoadedConfig, parts: DaemonParts): Promise<Daemon> {
    const daemon = new Daemon(loaded, parts);
    try {
      await daemon.#start();
    } catch (error) {
      await daemon.stop({ transfer: false, drainMs: 0 });
      throw error;
    }
    return daemon;
  }

  private constructor(loaded: LoadedConfig, parts: DaemonParts) {
    this.#loaded = loaded;
    this.#config = loaded.config;
    this.#parts = parts;
    this.#logger = parts.logger;
    this.#fence = new FenceWatch(parts.logger);
    this.#startedAt = parts.clock.now();
    this.#wallClockOffset = Date.now() - this.#startedAt;
  }

  /** Settles when the daemon has stopped: with the error that stopped it, if one did. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  /** Settles when this node has its place in the cluster: leading it alone, or joined, or failed to. */
  get entered(): Promise<JoinProgress["stage"]> {
    return this.#entered.promise;
  }

  get state(): DaemonState {
    return this.#state;
  }

  get region(): HostedRegion {
    return this.#hosted;
  }

  get peerAddress(): string {
    return advertisedAddress(this.#config.advertise.peer, this.#transport.address, "advertise.peer");
  }

  get clientAddress(): string {
    return advertisedAddress(this.#config.advertise.client, this.#doors?.listener.address ?? listenAddress(this.#config.listen.client), "advertise.client");
  }

  /** undefined when it serves no HTTP. */
  get httpAddress(): string | undefined {
    const http = this.#doors?.http;
    return http === undefined ? undefined : advertisedAddress(this.#config.advertise.http, http.address, "advertise.http");
  }

  get socket(): string {
    return this.#config.adminSocket;
  }

  get #addresses(): Addresses {
    return { peer: this.peerAddress, client: this.clientAddress, http: this.httpAddress };
  }

  stop(options: StopOptions): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async #start(): Promise<void> {
    this.#lag = new LagMeter(this.#logger, this.#config.raft.electionTimeout / 2);
    this.#forming = await FormingNode.open(this.#config, this.#parts);
    if (this.#forming === undefined) return this.#serve();
    this.#state = "forming";
    this.#openNetwork();
    this.#door = new ReceiverDoor(this.#forming.receiver);
    await this.#transport.start(this.#door.receiver);
    await this.#openAdmin();
    this.#formed = this.#serveWhenFormed(this.#forming);
  }

  async #serveWhenFormed(forming: FormingNode): Promise<void> {
    try {
      await forming.run((address, region, rpc, options) => this.#transport.callAddress(address, region, rpc, options));
      if (forming.cluster !== undefined && this.#stopping === undefined) await this.#serve();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #serve(): Promise<void> {
    this.#state = "recovering";
    this.#storage = await openNodeStorage(this.#config, this.#parts, (error) => this.#fail(error));
    const replayed = this.#storage.region.replay();
    this.#logger.info({ node: this.#storage.identity.nodeId, name: this.#storage.identity.name, replayed }, "storage is recovered");
    if (this.#forming === undefined) this.#openNetwork();
    await this.#openRegion();
    this.#openMembership();
    if (this.#door === undefined) await this.#transport.start(this.#host.receiver);
    else this.#door.open(this.#host.receiver);
    await this.#openServers();
    for (const { code, message } of plaintextWarnings(this.#addresses)) this.#logger.warn({ code }, message);
    this.#enterCluster();
    this.#search = searchMovedPeers(this.#storage.identity, this.#config, { raft: this.#hosted.raft, transport: this.#transport, directory: this.#directory, clock: this.#parts.clock, logger: this.#logger });
    this.#upkeep?.start();
    if (this.#joining === undefined) await leadAlone({ raft: this.#hosted.raft, clock: this.#parts.clock, electionTimeout: this.#config.raft.electionTimeout, entered: this.#entered.promise });
  }

  #openNetwork(): void {
    const { clock, seed } = this.#parts;
    const { listen, peer } = this.#config;
    this.#directory = new MembershipDirectory(() => this.#hosted?.raft.core.membership);
    this.#transport = this.#parts.openTransport({
      kind: peer.transport, clock, prng: new Prng(seed + 1), identity: this.#identity(), directory: this.#directory, address: listenAddress(listen.peer),
      limits: peerLimits(this.#config), onFenced: this.#fence.onFenced,
    });
  }

  #identity(): LocalIdentity {
    return atPosition(this.#forming?.localIdentity ?? localIdentity(this.#storage.identity), () => [this.#hosted?.raft.core.commitIndex ?? 0]);
  }

  async #openRegion(): Promise<void> {
    const { clock, crc32, seed } = this.#parts;
    this.#host = new Host(clock, (_from, _region, rpc) => this.#adminHandlers().fromPeer(rpc.method, rpc.params, { timeoutMs: rpc.timeoutMs, handedOn: rpc.hops > 0 }));
    this.#hosted = await this.#host.open({
      region: globalRegion,
      raft: raftOptions(this.#config, this.#storage, seed),
      network: this.#transport.network.forGroup(globalRegion),
      storage: this.#storage.region, leases: this.#storage.machine.leases,
      clock, crc32, waitingMax,
      admit: this.#storage.admit, validator: this.#storage.rules, certainty: this.#storage.machine,
      logger: this.#logger.child({ region: "global" }),
      compaction: compactionPolicy(this.#config),
      onEvent: (event) => {
        logEvent(this.#logger, event);
        this.#upkeep?.observed(event);
      },
      onFatal: (error) => this.#fail(error),
    });
  }

  async #openServers(): Promise<void> {
    const { machine, identity: { name } } = this.#storage;
    const { clock } = this.#parts;
    const [config, logger, identity, host, hosted, admin] = [this.#config, this.#logger, this.#identity(), this.#host, this.#hosted, this.#adminHandlers()];
    this.#doors = await ClientDoors.open({ config, logger, clock, identity, name, host, hosted, machine, admin });
    this.#onRequest = this.#doors.onRequest;
    if (this.#forming === undefined) await this.#openAdmin();
  }

  async #openAdmin(): Promise<void> {
    this.#admin = await startAdminServer(this.#config, {
      clock: this.#parts.clock, identity: this.#identity(), onRequest: (request, connection) => this.#onRequest(request, connection), onDisconnect: (connection) => this.#doors?.left(connection),
    });
  }

  /** On the admin socket; until there is a region a forming node answers what it can. */
  #onRequest: RequestServerOptions["onRequest"] = (request) => this.#forming!.answer(request, {
    daemonStatus: () => this.#daemonStatus(),
    daemonStop: (options) => this.#requestStop(options),
    effectiveConfig: () => this.#effectiveConfig(),
    version: () => versionReport(this.#forming!.record.name, this.#parts.versions),
  });

  #requestStop(options: StopOptions): { pid: number } {
    const { clock } = this.#parts;
    clock.at(clock.now(), () => void this.stop(options));
    return { pid: process.pid };
  }

  #effectiveConfig(): AdminMethods["effectiveConfig"]["result"] {
    return { config: this.#config, origin: { ...this.#loaded.origin }, configHash: this.#loaded.configHash };
  }

  #openMembership(): void {
    this.#upkeep = new MembershipUpkeep({
      hosted: this.#hosted, transport: this.#transport, clock: this.#parts.clock, logger: this.#logger, config: this.#config, clusterId: this.#storage.identity.clusterId,
      others: () => this.#directory.ids,
      self: () => this.#self(),
      admittedAt: () => (this.#joining === undefined ? 0 : this.#joining.admittedAt),
      onTakenBack: () => void this.#announcement?.announce(this.#self()),
    });
  }

  #enterCluster(): void {
    const { clock } = this.#parts;
    const { identity } = this.#storage;
    const { raft, gateway } = this.#hosted;
    const retry = { raft, gateway, clock, logger: this.#logger };
    this.#announcement = new Announcement({ ...retry, retryMs: announceRetryMs });
    this.#state = "ready";
    const intent = joinIntent(identity);
    if (intent !== undefined && !raft.core.membership.voters.includes(identity.nodeId)) {
      this.#state = "joining";
      this.#joining = new Joining({
        ...retry, transport: this.#transport, seeds: intent.seeds.filter((seed) => seed !== this.peerAddress), retryMs: joinRetryMs, giveUpMs: intent.giveUpMs,
        request: { ...this.#self(), role: intent.role, promote: intent.promote, dryRun: false },
        onMembers: (members) => this.#directory.introduce(members),
      });
      void this.#joining.run().then((stage) => this.#enter(stage));
    } else {
      // Nobody else can lead: no need to wait for an election timeout.
      if (raft.core.membership.voters.length === 1) raft.campaign();
      this.#enter("voter");
    }
  }

  #enter(stage: JoinProgress["stage"]): void {
    if (this.#state === "joining") this.#state = "ready";
    if (stage === "failed") this.#entered.resolve(stage);
    else void this.#announcement?.announce(this.#self()).then(() => this.#entered.resolve(stage));
  }

  #self(): Member {
    const { nodeId, name, incarnation } = this.#storage.identity;
    return { id: nodeId, name, incarnation, masterEligible: this.#config.masterEligible, peerAddress: this.peerAddress, clientAddress: this.clientAddress };
  }

  #handlers: AdminHandlers | undefined;

  #adminHandlers(): AdminHandlers {
    const { name } = this.#storage.identity;
    this.#handlers ??= new AdminHandlers({
      hosted: this.#hosted,
      memberChange: this.#upkeep!.memberChange,
      directory: this.#directory,
      backups: (this.#backups ??= new Backups(this.#hosted, this.#storage, this.#parts)),
      joining: () => this.#joining,
      electionTimeout: this.#config.raft.electionTimeout,
      quota: this.#storage.quota,
      rules: new Rules({ hosted: this.#hosted, machine: this.#storage.machine, book: this.#storage.rules, clock: this.#parts.clock }),
      leases: { lessor: this.#hosted.lessor, machine: this.#storage.machine },
      sessions: { raft: this.#hosted.raft, machine: this.#storage.machine, clock: this.#parts.clock },
      view: () => this.#view(),
      nodeStatus: () => this.#nodeStatus(),
      facts: () => this.#facts(),
      daemonStatus: () => this.#daemonStatus(),
      formationAnswer: (asker) => formationAnswer(this.#storage.identity, this.#hosted.raft.core.membership, asker),
      effectiveConfig: () => this.#effectiveConfig(),
      upgrades: new Upgrades({ hosted: this.#hosted, network: this.#transport.network.forGroup(globalRegion), machine: this.#storage.machine, versions: this.#parts.versions, name, clock: this.#parts.clock }),
      version: () => versionReport(name, this.#parts.versions),
      requestStop: (options) => this.#requestStop(options),
    });
    return this.#handlers;
  }

  #nodeStatus(): ReturnType<typeof nodeReport> {
    const uptimeMs = this.#parts.clock.now() - this.#startedAt;
    return nodeReport(this.#storage.identity, { ...this.#addresses, uptimeMs, eventLoopLagP99Ms: this.#lag.p99Ms, warnings: this.#fence.warnings() });
  }

  #daemonStatus(): DaemonStatus {
    const uptimeMs = this.#parts.clock.now() - this.#startedAt;
    return daemonReport(this.#loaded, { state: this.#state, uptimeMs, ...this.#addresses });
  }

  #facts(): Promise<NodeFacts> {
    return nodeFacts({
      identity: this.#storage.identity, masterEligible: this.#config.masterEligible, wal: this.#storage.wal.stats, transport: this.#transport,
      node: () => this.#nodeStatus(), daemon: () => this.#daemonStatus(), view: () => this.#view(), joining: () => this.#joining, removedAt: () => this.#hosted.gateway.removedAt,
      wallClockJumpMs: () => Date.now() - this.#parts.clock.now() - this.#wallClockOffset,
    });
  }

  #view(): RegionView {
    const { wal, machine } = this.#storage;
    return {
      raft: this.#hosted.raft, transport: this.#transport.stats, removedAt: this.#hosted.gateway.removedAt,
      catchUp: (id) => this.#upkeep?.catchUp.estimateOf(id),
      now: this.#parts.clock.now(),
      electionTimeout: this.#config.raft.electionTimeout,
      fsyncP99Ms: wal.stats.fsyncP99Ms, logBytes: wal.stats.bytes,
      stateDigest: machine.digest(),
      quota: this.#storage.quota.report(),
    };
  }

  #fail(error: Error): void {
    const { code, message } = toRaftctlError(error);
    this.#logger.fatal({ code, reason: message, stack: error.stack }, "this node cannot go on and stops");
    this.#ended.resolve(error);
    void this.stop({ transfer: false, drainMs: 0 });
  }

  async #stop(options: StopOptions): Promise<void> {
    this.#state = "stopping";
    await this.#forming?.stop();
    // A node that had just formed begins to serve all the same; only then is everything there that has to be stopped.
    await this.#formed;
    this.#state = "stopping";
    this.#announcement?.stop();
    this.#joining?.stop();
    this.#search?.stop();
    this.#upkeep?.stop();
    if (options.transfer) await handOver(this.#hosted?.raft, this.#logger);
    await Promise.all([this.#doors?.stop(options.drainMs), this.#admin?.stop(options.drainMs)]);
    this.#backups?.stop();
    this.#host?.stop();
    await this.#transport?.stop();
    await this.#storage?.close().catch((error: unknown) => this.#logger.warn({ reason: toRaftctlError(error).message }, "storage did not close cleanly"));
    this.#lag.stop();
    this.#ended.resolve(undefined);
  }
}
