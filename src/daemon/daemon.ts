// One node, assembled: storage, region, transport, client listener and admin socket. The only place that puts real parts together, and the order in
// which they come up and go down: the state is rebuilt before anybody can ask for it (S122), and nobody can ask before anything is taken away.

import { Prng } from "../base/prng.ts";
import { globalRegion } from "../base/ids.ts";
import { toRaftctlError } from "../base/errors.ts";
import { defer, type Deferred } from "../base/deferred.ts";
import type { Logger } from "../base/logger.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { prepareSocketDirectory } from "../config/socket-path.ts";
import { Announcement } from "../host/announcement.ts";
import { Host, type HostedRegion } from "../host/host.ts";
import { Joining } from "../host/joining.ts";
import { MemberChange } from "../host/member-change.ts";
import { openFilesMax } from "../platform/open-files.ts";
import { RequestServer } from "../platform/request-server.ts";
import type { Member } from "../raft/membership.ts";
import type { RaftEvent } from "../raft/ready.ts";
import type { JoinProgress } from "../wire/admin-protocol.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import { AdminHandlers } from "./admin-handlers.ts";
import { advertisedAddress, listenAddress } from "./addresses.ts";
import { ClientServer } from "./client-server.ts";
import { clientConnectionsMax } from "./connection-budget.ts";
import { joinIntent } from "./join-intent.ts";
import { LagMeter } from "./lag-meter.ts";
import { openNodeStorage, type NodeStorage } from "./node-storage.ts";
import type { RegionView } from "./node-status.ts";
import type { BoundTransport, DaemonParts } from "./parts.ts";
import { MembershipDirectory } from "./peer-directory.ts";
import { daemonReport, nodeReport, plaintextWarnings, versionReport } from "./reports.ts";

export interface StopOptions {
  /** Hand leadership over before going. */
  readonly transfer: boolean;
  /** How long requests that are under way may still take, ms. */
  readonly drainMs: number;
}

export type DaemonState = "starting" | "recovering" | "joining" | "ready" | "stopping";

/** Memory for requests that wait for an outcome: about 1 KiB each. */
const waitingMax = 16_384;
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
  #state: DaemonState = "starting";
  #storage!: NodeStorage;
  #transport!: BoundTransport;
  #host!: Host;
  #hosted!: HostedRegion;
  #clients!: RequestServer;
  #admin!: RequestServer;
  #directory!: MembershipDirectory;
  #lag!: LagMeter;
  #announcement: Announcement | undefined;
  #joining: Joining | undefined;
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
    this.#startedAt = parts.clock.now();
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
    return advertisedAddress(this.#config.advertise.client, this.#clients.address, "advertise.client");
  }

  get socket(): string {
    return this.#config.adminSocket;
  }

  stop(options: StopOptions): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async #start(): Promise<void> {
    this.#lag = new LagMeter(this.#logger, this.#config.raft.electionTimeout / 2);
    this.#state = "recovering";
    this.#storage = await openNodeStorage(this.#config, this.#parts, (error) => this.#fail(error));
    const replayed = this.#storage.region.replay();
    this.#logger.info({ node: this.#storage.identity.nodeId, name: this.#storage.identity.name, replayed }, "storage is recovered");
    this.#openNetwork();
    await this.#openRegion();
    await this.#transport.start(this.#host.receiver);
    await this.#openServers();
    for (const { code, message } of plaintextWarnings({ peer: this.peerAddress, client: this.clientAddress })) this.#logger.warn({ code }, message);
    this.#enterCluster();
    await this.#leadAlone();
  }

  /** A single voter leads at once: whoever hears that it is ready may write, and join it at the address that it has announced. */
  async #leadAlone(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#hosted.raft.core.membership.voters.length !== 1 || this.#joining !== undefined) return;
    const patience = defer<void>();
    const timer = clock.at(clock.now() + 2 * this.#config.raft.electionTimeout, () => patience.resolve());
    await Promise.race([this.#entered.promise, patience.promise]);
    timer.cancel();
  }

  #openNetwork(): void {
    const { clock, seed } = this.#parts;
    const { network, listen } = this.#config;
    this.#directory = new MembershipDirectory(() => this.#hosted?.raft.core.membership);
    this.#transport = this.#parts.openTransport({
      clock, prng: new Prng(seed + 1), identity: this.#identity(), directory: this.#directory, address: listenAddress(listen.peer),
      limits: { connectTimeoutMs: network.connectTimeout, handshakeTimeoutMs: network.handshakeTimeout },
    });
  }

  #identity(): LocalIdentity {
    const { clusterId, nodeId, incarnation, name } = this.#storage.identity;
    return { clusterId, nodeId, incarnation, name, regions: [globalRegion], version: versionReport(name).version };
  }

  async #openRegion(): Promise<void> {
    const { clock, crc32, seed } = this.#parts;
    const { raft, compaction, masterEligible } = this.#config;
    this.#host = new Host(clock, (_from, _region, rpc) => this.#adminHandlers().fromPeer(rpc.method, rpc.params, { timeoutMs: rpc.timeoutMs, handedOn: rpc.hops > 0 }));
    this.#hosted = await this.#host.open({
      region: globalRegion,
      raft: { ...raft, id: this.#storage.identity.nodeId, masterEligible, prng: new Prng(seed), applyBytesMax: 256 * 1024 },
      network: this.#transport.network.forGroup(globalRegion),
      storage: this.#storage.region,
      clock, crc32, waitingMax,
      logger: this.#logger.child({ region: "global" }),
      compaction: { ...compaction, logBytesMax: 4 * compaction.logBytes },
      onEvent: (event) => this.#observe(event),
      onFatal: (error) => this.#fail(error),
    });
  }

  async #openServers(): Promise<void> {
    const { clock } = this.#parts;
    const { network, listen, adminSocket } = this.#config;
    const { name } = this.#storage.identity;
    const served = { hosted: this.#hosted, machine: this.#storage.machine };
    const server = new ClientServer(name, (id) => (this.#host.region(id), served), this.#adminHandlers());
    const shared = { clock, identity: this.#identity(), onRequest: server.onRequest };
    const limits = { inFlightPerConnectionMax: network.requestsInFlightMax, handshakeTimeoutMs: network.handshakeTimeout };
    const connectionsMax = clientConnectionsMax(network.clientConnectionsMax, await openFilesMax());
    if (connectionsMax < network.clientConnectionsMax) this.#logger.warn({ connectionsMax, wanted: network.clientConnectionsMax }, "the limit of open files allows fewer client connections than configured");
    this.#clients = new RequestServer({ ...shared, name: "client", address: listenAddress(listen.client), limits: { ...limits, connectionsMax, connectionsPerAddressMax: connectionsMax } });
    this.#admin = new RequestServer({ ...shared, name: "admin", address: { path: adminSocket }, limits });
    await this.#clients.start();
    prepareSocketDirectory(adminSocket, process.env);
    await this.#admin.start();
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
        ...retry, transport: this.#transport, seeds: intent.seeds, retryMs: joinRetryMs, giveUpMs: intent.giveUpMs,
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
    const { clock } = this.#parts;
    const { clusterId, name } = this.#storage.identity;
    const { electionTimeout } = this.#config.raft;
    this.#handlers ??= new AdminHandlers({
      hosted: this.#hosted,
      memberChange: new MemberChange({ raft: this.#hosted.raft, transport: this.#transport, clock, logger: this.#logger, clusterId, electionTimeout }),
      joining: () => this.#joining,
      electionTimeout,
      view: () => this.#view(),
      nodeStatus: () => nodeReport(this.#storage.identity, { peer: this.peerAddress, client: this.clientAddress, uptimeMs: clock.now() - this.#startedAt, eventLoopLagP99Ms: this.#lag.p99Ms }),
      daemonStatus: () => daemonReport(this.#loaded, { state: this.#state, uptimeMs: clock.now() - this.#startedAt, peer: this.peerAddress, client: this.clientAddress }),
      effectiveConfig: () => ({ config: this.#config, origin: { ...this.#loaded.origin }, configHash: this.#loaded.configHash }),
      version: () => versionReport(name),
      requestStop: (options) => clock.at(clock.now(), () => void this.stop(options)),
    });
    return this.#handlers;
  }

  #view(): RegionView {
    const { wal, machine } = this.#storage;
    return {
      raft: this.#hosted.raft,
      transport: this.#transport.stats,
      now: this.#parts.clock.now(),
      electionTimeout: this.#config.raft.electionTimeout,
      fsyncP99Ms: wal.stats.fsyncP99Ms,
      logBytes: wal.stats.bytes,
      stateDigest: machine.digest(),
    };
  }

  #observe(event: RaftEvent): void {
    const { kind, ...fields } = event;
    if (kind === "peerRegressed") this.#logger.error(fields, "a member holds less than it has acknowledged: its disk was rolled back; it gets nothing until it joins anew");
    else if (kind === "roleChanged" || kind === "leaderChanged") this.#logger.info(fields, kind === "roleChanged" ? "the role of this node changed" : "the leader changed");
    else this.#logger.debug(fields, kind);
  }

  #fail(error: Error): void {
    const { code, message } = toRaftctlError(error);
    this.#logger.fatal({ code, reason: message, stack: error.stack }, "this node cannot go on and stops");
    this.#ended.resolve(error);
    void this.stop({ transfer: false, drainMs: 0 });
  }

  async #stop(options: StopOptions): Promise<void> {
    this.#state = "stopping";
    this.#announcement?.stop();
    this.#joining?.stop();
    if (options.transfer) await this.#handOver();
    await Promise.all([this.#clients?.stop(options.drainMs), this.#admin?.stop(options.drainMs)]);
    this.#host?.stop();
    await this.#transport?.stop();
    await this.#storage?.close().catch((error: unknown) => this.#logger.warn({ reason: toRaftctlError(error).message }, "storage did not close cleanly"));
    this.#lag.stop();
    this.#ended.resolve(undefined);
  }

  async #handOver(): Promise<void> {
    const raft = this.#hosted?.raft;
    if (raft === undefined || raft.core.role !== "leader" || raft.core.membership.voters.length < 2) return;
    await raft.transferLeadership(undefined).catch((error: unknown) => this.#logger.warn({ reason: toRaftctlError(error).message }, "leadership could not be handed over"));
  }
}
