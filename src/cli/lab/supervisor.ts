// Owns the daemons of one lab: founds the cluster on the first node, lets the others join, and stays until it is told to stop. However it ends,
// nothing is left: it stops the daemons and removes the data and the record; if it is killed, the daemons end by their lifelines and the next
// `lab` command removes the rest. It never restarts a daemon.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RaftctlError } from "../../base/errors.ts";
import type { IdentitySettings } from "../../config/identity-settings.ts";
import { startDaemon, type DaemonLaunch, type StartedDaemon } from "../daemon-process.ts";
import { awaitJoined } from "../join-progress.ts";
import { awaitFounded, withClient } from "../local-daemon.ts";
import { awaitEnd, endProcess, identifyProcess } from "../process-identity.ts";
import { removeRecord, writeRecord, type LabNode, type LabRecord } from "./record.ts";
import { labConfigFile, nodeNames, removeRemains } from "./remains.ts";

export interface LabPlan {
  readonly lab: string;
  readonly nodes: number;
  /** A new one in the temporary folder when it is missing. */
  readonly dir: string | undefined;
  readonly keep: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** What runs `daemon run`; this command line itself when it is missing. */
  readonly program?: readonly string[];
}

/** How a data directory is made without a daemon (daemon/offline.ts, which this floor may not know). */
export interface Offline {
  init(dataDir: string, request: { name: string; settings: IdentitySettings }): Promise<{ nodeId: string }>;
  join(dataDir: string, request: OfflineJoin): Promise<{ nodeId: string }>;
}
export interface OfflineJoin {
  name: string;
  settings: IdentitySettings;
  seeds: string[];
  role: "voter";
  promote: "auto";
  timeoutMs: number;
  giveUpMs: number;
}

const loopback = { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0", listenHttp: "127.0.0.1:0" } as const satisfies IdentitySettings;
const stepTimeoutMs = 60_000;
const daemonGraceMs = 2_000;

export class LabSupervisor {
  readonly #plan: LabPlan;
  readonly #offline: Offline;
  readonly #onNode: (node: LabNode) => void;
  readonly #daemons: StartedDaemon[] = [];
  #record: LabRecord;

  constructor(plan: LabPlan, offline: Offline, onNode: (node: LabNode) => void) {
    this.#plan = plan;
    this.#offline = offline;
    this.#onNode = onNode;
    const dir = plan.dir ?? join(tmpdir(), `raftctl-${plan.lab}`);
    const { lab, keep, nodes } = plan;
    this.#record = { lab, dir, ownsDir: false, keep, nodeCount: nodes, supervisor: identifyProcess(process.pid), state: "starting", nodes: [] };
  }

  /** Everything, or an error and nothing. @param signal aborted: give up. */
  async start(signal: AbortSignal): Promise<LabRecord> {
    this.#claimDirectory();
    try {
      writeFileSync(this.#configFile, JSON.stringify({ listen: { peer: loopback.listenPeer, client: loopback.listenClient, http: loopback.listenHttp } }));
      for (const name of nodeNames(this.#plan.nodes)) {
        signal.throwIfAborted();
        await this.#addNode(name, signal);
      }
      this.#update({ state: "up" });
      return this.#record;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** By their lifelines: daemons that are told to stop would first hand leadership to each other. */
  async stop(): Promise<void> {
    this.#update({ state: "stopping" });
    await Promise.all(
      this.#daemons.map(async (daemon) => {
        daemon.release();
        if (!(await awaitEnd(daemon.process, daemonGraceMs))) await endProcess(daemon.process, 0);
      }),
    );
    await removeRemains(this.#record, this.#plan.env);
  }

  /** The record comes first, so that a directory without one never exists. What was there before is refused, not touched. */
  #claimDirectory(): void {
    const { dir, lab } = this.#record;
    const found = entriesOf(dir);
    if (found !== undefined && found.length > 0) {
      throw new RaftctlError("CONFLICT", `the directory ${dir} is not empty`, { hint: "name another one with --dir" });
    }
    this.#update({ ownsDir: found === undefined });
    try {
      if (found === undefined) mkdirSync(dir, { mode: 0o700 });
    } catch (cause) {
      removeRecord(lab, this.#plan.env);
      throw new RaftctlError("IO_ERROR", `the directory ${dir} cannot be made: ${(cause as Error).message}`, { cause });
    }
  }

  async #addNode(name: string, signal: AbortSignal): Promise<void> {
    const dataDir = join(this.#record.dir, name);
    const seeds = this.#record.nodes.map((node) => node.peer);
    const request = { name, settings: loopback };
    const { nodeId } =
      seeds.length === 0
        ? await this.#offline.init(dataDir, request)
        : await this.#offline.join(dataDir, { ...request, seeds, role: "voter", promote: "auto", timeoutMs: stepTimeoutMs, giveUpMs: stepTimeoutMs });
    const daemon = await startDaemon(this.#launch(dataDir));
    this.#daemons.push(daemon);
    const node = { name, id: nodeId, dataDir, socket: daemon.socket, client: daemon.client, peer: daemon.peer, process: daemon.process };
    this.#update({ nodes: [...this.#record.nodes, node] });
    await (seeds.length === 0 ? awaitFounded(node, stepTimeoutMs, signal) : awaitVoter(node, signal));
    this.#onNode(node);
  }

  /** Nothing of this user's own configuration reaches the lab's daemons. */
  #launch(dataDir: string): DaemonLaunch {
    const env = Object.fromEntries(Object.entries(this.#plan.env).filter(([name]) => !name.startsWith("RAFTCTL_")));
    const program = this.#plan.program === undefined ? {} : { program: this.#plan.program };
    return { dataDir, configFile: this.#configFile, env, lifeline: true, ...program };
  }

  get #configFile(): string {
    return join(this.#record.dir, labConfigFile);
  }

  #update(change: Partial<LabRecord>): void {
    this.#record = { ...this.#record, ...change };
    writeRecord(this.#record, this.#plan.env);
  }
}

function awaitVoter(node: LabNode, signal: AbortSignal): Promise<unknown> {
  return withClient(node, (client) => awaitJoined(client, { until: "voter", stallMs: stepTimeoutMs, signal, onProgress: () => undefined }));
}

function entriesOf(dir: string): string[] | undefined {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
