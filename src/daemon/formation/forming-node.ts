// A data directory whose node forms a cluster: opened under its lock, it hands the forming (formation.ts) what it needs of the disk and the source, and
// answers what operators and other forming nodes may ask meanwhile. When the node belongs to a cluster, its identity stands beside the forming file,
// which goes; a crash in between is mended at the next start.

import { randomBytes } from "node:crypto";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion, parseClusterId } from "../../base/ids.ts";
import type { Config } from "../../config/schema.ts";
import type { RaftReceiver, Transport } from "../../host/transport.ts";
import { createIdentity, dataFormat, readIdentity, type Identity } from "../../storage/data-dir.ts";
import type { AdminMethods, HealthReport } from "../../wire/admin-protocol.ts";
import type { ClientRequest, ClientResponse } from "../../wire/client-protocol.ts";
import { firstClusterIncarnation, type LocalIdentity } from "../../wire/handshake.ts";
import { checkParams, isAdminMethod, type AdminMethod } from "../admin-params.ts";
import { openDiscovery } from "../discovery/open-discovery.ts";
import type { JoinIntent } from "../join-intent.ts";
import type { DaemonParts } from "../parts.ts";
import { programVersion } from "../version.ts";
import { Formation } from "./formation.ts";
import { formingPath, readForming, removeForming, writeForming, type FormingRecord } from "./forming-file.ts";
import type { Cluster } from "./rules.ts";

/** What an operator may ask of every daemon, as the daemon answers it. */
export type DaemonQuestions = {
  readonly [M in "daemonStatus" | "daemonStop" | "effectiveConfig" | "version"]: (params: AdminMethods[M]["params"]) => AdminMethods[M]["result"];
};

/** Of each question to another forming node, ms. */
const questionTimeoutMs = 2_000;
/** The cluster exists and counts on this node: joining it is tried for as long as it takes. */
const joinGiveUpMs = Number.MAX_SAFE_INTEGER;

export class FormingNode {
  readonly record: FormingRecord;
  readonly #config: Config;
  readonly #parts: DaemonParts;
  #lock: { release(): Promise<void> } | undefined;
  #formation: Formation | undefined;

  /** undefined when this directory does not form a cluster: its node has an identity, or there is none. @throws LOCKED, CORRUPT */
  static async open(config: Config, parts: DaemonParts): Promise<FormingNode | undefined> {
    const { disk, crc32 } = parts;
    const { dataDir } = config;
    if (!(await disk.exists(formingPath(dataDir)))) return undefined;
    const lock = await parts.lock(dataDir);
    try {
      const finished = (await readIdentity(disk, dataDir, crc32)) !== undefined;
      const record = finished ? undefined : await readForming(disk, dataDir, crc32);
      if (record !== undefined) return new FormingNode(record, lock, { config, parts });
      await removeForming(disk, dataDir);
    } catch (error) {
      await lock.release();
      throw error;
    }
    await lock.release();
    return undefined;
  }

  private constructor(record: FormingRecord, lock: { release(): Promise<void> }, { config, parts }: { config: Config; parts: DaemonParts }) {
    this.record = record;
    this.#lock = lock;
    this.#config = config;
    this.#parts = parts;
  }

  /** undefined while it forms. */
  get cluster(): Cluster | undefined {
    return this.#formation?.cluster;
  }

  /** @returns when the node has its identity, or was stopped; the directory is unlocked then. @throws what the disk throws */
  async run(callAddress: Transport["callAddress"]): Promise<void> {
    try {
      await this.#run(callAddress);
    } finally {
      await this.#unlock();
    }
  }

  async #run(callAddress: Transport["callAddress"]): Promise<void> {
    const { clock, logger, disk } = this.#parts;
    const { join, interval } = this.#config.discovery;
    const discovery = openDiscovery(this.record.source, { clock, intervalMs: interval, dnsServers: undefined });
    this.#formation = new Formation({
      record: this.record, join, callAddress, clock, logger, intervalMs: interval, timeoutMs: questionTimeoutMs,
      lookup: () => discovery.lookup(),
      saveVote: (candidate) => this.#saveVote(candidate),
      found: () => this.#found(),
      enter: (cluster, seeds) => this.#enter(cluster, seeds),
    });
    await this.#formation.run();
    if (this.cluster !== undefined) await removeForming(disk, this.#config.dataDir);
  }

  /** Also before it runs. */
  async stop(): Promise<void> {
    if (this.#formation === undefined) await this.#unlock();
    else await this.#formation.stop();
  }

  async #unlock(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /** Read at every handshake: the cluster comes later. */
  get localIdentity(): LocalIdentity {
    const { nodeId, name } = this.record;
    const cluster = (): Cluster | undefined => this.cluster;
    return {
      nodeId, name, incarnation: 1, regions: [globalRegion], version: programVersion,
      get clusterId() {
        return cluster()?.id;
      },
      get clusterIncarnation() {
        return cluster()?.incarnation;
      },
    };
  }

  /** Peers may ask for votes and nothing else: this node has no region yet. */
  readonly receiver: RaftReceiver = {
    requestVote: (_from, region) => noRegion(region),
    preVote: (_from, region) => noRegion(region),
    appendEntries: (_from, region) => noRegion(region),
    installSnapshot: (_from, region) => noRegion(region),
    timeoutNow: (_from, region) => noRegion(region),
    propose: (_from, region) => noRegion(region),
    readIndex: (_from, region) => noRegion(region),
    admin: async (_from, _region, { method, params }) => {
      if (method !== "formationVote" || this.#formation === undefined) throw this.#notReady();
      return { type: "adminResponse", result: await this.#formation.answer(checkParams(method, params)) };
    },
  };

  async answer(request: ClientRequest, questions: DaemonQuestions): Promise<ClientResponse> {
    if (request.operation !== "admin" || !isAdminMethod(request.method)) throw this.#notReady();
    return { operation: "admin", result: this.#administer(request.method, request.params, questions) };
  }

  #administer(method: AdminMethod, params: unknown, questions: DaemonQuestions): unknown {
    switch (method) {
      case "formation": return this.#formation === undefined ? null : this.#formation.progress();
      case "health": return this.#health();
      case "daemonStop": return questions.daemonStop(checkParams(method, params));
      case "daemonStatus":
      case "effectiveConfig":
      case "version": return questions[method]({});
      default: throw this.#notReady();
    }
  }

  /** Alive, so that nobody restarts it for being alone; not fit to serve. */
  #health(): HealthReport {
    const checks = [{ name: "live", ok: true, detail: "the process answers" }, { name: "formed", ok: false, detail: this.#standing() }];
    return { healthy: false, live: true, ready: false, checks };
  }

  #notReady(): RaftctlError {
    return new RaftctlError("NOT_READY", `${this.record.name} is ${this.#standing()}`, { hint: "raftctl daemon status" });
  }

  #standing(): string {
    if (this.cluster !== undefined) return `a node of cluster ${this.cluster.id} since a moment ago, and opens its storage`;
    return `still forming a cluster of ${this.record.expect}: ${this.#formation?.progress().waitsFor ?? "it has just begun"}`;
  }

  async #saveVote(candidate: FormingRecord["vote"]): Promise<void> {
    const { disk, crc32 } = this.#parts;
    await writeForming(disk, this.#config.dataDir, { ...this.record, vote: candidate }, crc32);
  }

  async #found(): Promise<Cluster> {
    const cluster = { id: parseClusterId(randomBytes(16).toString("hex")), incarnation: firstClusterIncarnation };
    await this.#createIdentity(cluster, "init", {});
    return cluster;
  }

  #enter(cluster: Cluster, seeds: readonly string[]): Promise<void> {
    const join: JoinIntent = { seeds: [...seeds], role: "voter", promote: "auto", giveUpMs: joinGiveUpMs };
    return this.#createIdentity(cluster, "join", { join });
  }

  /** From here on this node votes no more: the identity is durable before anybody hears of it. */
  #createIdentity(cluster: Cluster, foundedBy: Identity["foundedBy"], more: Readonly<Record<string, unknown>>): Promise<void> {
    const { disk, crc32 } = this.#parts;
    const { nodeId, name, settings, source, expect } = this.record;
    const identity: Identity = {
      formatVersion: dataFormat, clusterId: cluster.id, clusterIncarnation: cluster.incarnation, nodeId, incarnation: 1, name, foundedBy,
      settings: { ...settings, discovery: { source, expect }, ...more },
    };
    return createIdentity(disk, this.#config.dataDir, identity, crc32);
  }
}

function noRegion(region: number): Promise<never> {
  return Promise.reject(new RaftctlError("UNKNOWN_GROUP", `region ${region} is not on this node yet: it is forming a cluster`));
}
