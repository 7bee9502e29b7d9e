// A cluster of real daemons on loopback for one test. Everything lies in one temporary directory; `stop` kills every process and removes the
// directory, also after a failed test, because `startCluster` registers it with the test that called it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../../src/client/client.ts";
import { joinDataDirectory } from "../../../src/daemon/offline.ts";
import type { RegionReport } from "../../../src/wire/admin-protocol.ts";
import { raftctl } from "./command-line.ts";
import type { Printed, RunOptions } from "./command-line.ts";
import { DaemonProcess } from "./daemon-process.ts";
import type { Settings } from "./daemon-process.ts";
import type { Links } from "./links.ts";
import { freePort } from "./ports.ts";
import { until } from "./until.ts";
import type { Wait } from "./until.ts";

export interface ClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Of every node; grouped as in a configuration file. */
  readonly settings?: Settings;
  /** Every node is reached by the others through these. */
  readonly links?: Links;
  /** Of the Node that runs them. */
  readonly nodeFlags?: readonly string[];
}

export class TestCluster {
  readonly home: string;
  readonly nodes: DaemonProcess[] = [];
  readonly #settings: Settings;
  readonly #links: Links | undefined;
  readonly #nodeFlags: readonly string[];
  readonly #clients: Client[] = [];
  readonly #adopted: number[] = [];

  private constructor(home: string, { settings = {}, links, nodeFlags = [] }: ClusterOptions) {
    this.home = home;
    this.#settings = settings;
    this.#links = links;
    this.#nodeFlags = nodeFlags;
  }

  /** Resolves when every node is a voter and all know the same leader. The caller must `stop` it. */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const home = await mkdtemp(join(tmpdir(), "raftctl-e2e-"));
    const cluster = new TestCluster(home, options);
    try {
      for (let count = 1; count <= (options.nodes ?? 3); count += 1) await cluster.addNode();
      await cluster.leader();
    } catch (error) {
      const logs = await Promise.all(cluster.nodes.map(async (node) => `--- ${node.name}\n${await node.logTail()}`));
      await cluster.stop();
      throw new Error(`the cluster did not form: ${error instanceof Error ? error.message : String(error)}\n${logs.join("\n")}`, { cause: error });
    }
    return cluster;
  }

  get endpoints(): string[] {
    return this.nodes.map((node) => node.endpoint);
  }

  node(name: string): DaemonProcess {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** A directory with ports for a further node; nothing of it is started. */
  async newNode(settings: Settings = {}): Promise<DaemonProcess> {
    const name = `n${this.nodes.length + 1}`;
    const [peerPort, clientPort] = [await freePort(), await freePort()];
    const linked = this.#links === undefined ? {} : { advertise: { peer: `127.0.0.1:${await this.#links.open(name, peerPort)}` } };
    const node = new DaemonProcess({ name, directory: join(this.home, name), home: this.home, peerPort, clientPort, settings: { ...this.#settings, ...linked, ...settings }, nodeFlags: this.#nodeFlags });
    this.nodes.push(node);
    await node.prepare();
    return node;
  }

  async addNode(settings: Settings = {}): Promise<DaemonProcess> {
    const node = await this.newNode(settings);
    await this.admit(node);
    return node;
  }

  /** The first node founds the cluster, each further one joins; a voter when this resolves. */
  async admit(node: DaemonProcess, wait: Wait = {}): Promise<void> {
    const seed = this.nodes.find((other) => other !== node && other.isRunning);
    await (seed === undefined ? this.#found(node) : this.#join(node, seed));
    await node.start();
    await this.waitFor(`voter ${node.name}`, (report) => report.members.some((member) => member.name === node.name && member.role === "voter"), [node], wait);
  }

  identityFlags(node: DaemonProcess): string[] {
    return ["--name", node.name, "--data-dir", node.dataDir, "--listen-peer", node.peerAddress, "--listen-client", node.endpoint];
  }

  /** One leader that a majority of the members follows in its term. */
  async leader(wait: Wait = {}): Promise<DaemonProcess> {
    return until("leader with a majority behind it", async () => {
      const reports = await this.#reports(this.nodes.filter((node) => node.isRunning));
      const leading = reports.filter(({ report }) => report.role === "leader").toSorted((left, right) => right.report.term - left.report.term)[0];
      if (leading === undefined) return undefined;
      const { term, members } = leading.report;
      const following = reports.filter(({ report }) => report.term === term && report.leader?.name === leading.node.name).length;
      return following * 2 > members.filter((member) => member.role === "voter").length ? leading.node : undefined;
    }, wait);
  }

  async follower(): Promise<DaemonProcess> {
    const leader = await this.leader();
    const follower = this.nodes.find((node) => node !== leader && node.isRunning);
    if (follower === undefined) throw new Error("no follower is running");
    return follower;
  }

  /** Until the region of each of these nodes is as wanted. */
  async waitFor(what: string, wanted: (report: RegionReport) => boolean, nodes = this.nodes.filter((node) => node.isRunning), wait: Wait = {}): Promise<void> {
    await until(what, async () => {
      const reports = await this.#reports(nodes);
      return reports.length === nodes.length && reports.every(({ report }) => wanted(report)) ? true : undefined;
    }, wait);
  }

  /** Until every running node has applied what the most advanced one has committed, and all states are equal. */
  async waitForAgreement(wait: Wait = {}): Promise<string> {
    return until("agreement of all states", async () => {
      const running = this.nodes.filter((node) => node.isRunning);
      const reports = await this.#reports(running);
      const commit = Math.max(...reports.map(({ report }) => report.commitIndex));
      const equal = new Set(reports.map(({ report }) => `${report.lastApplied} ${report.stateDigest}`));
      return reports.length === running.length && equal.size === 1 && reports.every(({ report }) => report.lastApplied === commit)
        ? reports[0]!.report.stateDigest : undefined;
    }, wait);
  }

  /** Until no running node is far behind, while traffic goes on: the next kill finds two nodes that may lead. */
  async waitUntilFollowersKeepUp(wait: Wait = {}): Promise<void> {
    await until("followers that keep up", async () => {
      const running = this.nodes.filter((node) => node.isRunning);
      const reports = await this.#reports(running);
      const commits = reports.map(({ report }) => report.commitIndex);
      return reports.length === running.length && Math.max(...commits) - Math.min(...commits) < 1000 ? true : undefined;
    }, wait);
  }

  /** A client of the whole cluster, closed with it. */
  client(options: { timeoutMs?: number; endpoints?: readonly string[] } = {}): Client {
    const { endpoints = this.endpoints, timeoutMs = 5000 } = options;
    const client = new Client({ endpoints, timeoutMs, clearUpMs: timeoutMs });
    this.#clients.push(client);
    return client;
  }

  raftctl(args: readonly string[], options: RunOptions = {}): Promise<Printed> {
    return raftctl(this.home, args, options);
  }

  /** A daemon that a command has started: it is killed with the others. */
  adopt(pid: unknown): void {
    if (typeof pid !== "number" || pid <= 1) throw new Error(`not the pid of a daemon: ${JSON.stringify(pid)}`);
    this.#adopted.push(pid);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const pid of this.#adopted) killIfThere(pid);
    await Promise.all(this.nodes.map((node) => node.kill9()));
    await rm(this.home, { recursive: true, force: true });
  }

  async #found(node: DaemonProcess): Promise<void> {
    const printed = await this.raftctl(["init", ...this.identityFlags(node), "--no-start", "--json"]);
    if (printed.exit !== 0) throw new Error(`raftctl init failed with ${printed.exit}: ${printed.stdout}${printed.stderr}`);
  }

  /** What `raftctl join` does before it starts the daemon; here the test starts it, to be its parent. */
  async #join(node: DaemonProcess, seed: DaemonProcess): Promise<void> {
    await joinDataDirectory(node.dataDir, {
      name: node.name, settings: { listenPeer: node.peerAddress, listenClient: node.endpoint },
      seeds: [seed.peerAddress], role: "voter", promote: "auto", timeoutMs: 5000, giveUpMs: 60_000,
    });
  }

  async #reports(nodes: readonly DaemonProcess[]): Promise<{ node: DaemonProcess; report: RegionReport }[]> {
    const settled = await Promise.allSettled(nodes.map(async (node) => ({ node, report: await node.region() })));
    return settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
