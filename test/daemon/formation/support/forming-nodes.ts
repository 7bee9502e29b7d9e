// Real daemons in this process that form a cluster: each with a directory, fixed ports and a discovery file that all share, so that who is to be found can
// change. A node can be killed at any moment of its forming and started again.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../../src/base/logger.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { Daemon } from "../../../../src/daemon/daemon.ts";
import { formDataDirectory, readDataDirectory } from "../../../../src/daemon/offline.ts";
import { systemParts, type DaemonParts } from "../../../../src/daemon/parts.ts";
import { freePort } from "../../../e2e/support/ports.ts";

export const fastSettings = {
  "raft.electionTimeout": "200ms", "raft.heartbeatInterval": "40ms", "network.connectTimeout": "150ms", "wal.segmentBytes": "64KiB", "discovery.interval": "15ms",
} as const;

let ports: Promise<number> = Promise.resolve(0);

/** One after the other, so that two that ask at once never get the same port. */
export function ownPort(): Promise<number> {
  ports = ports.then(() => freePort());
  return ports;
}

export class FormingNodes implements AsyncDisposable {
  readonly nodes: FormingDaemon[] = [];
  readonly home: string;

  static async make(count: number, expect: number = count): Promise<FormingNodes> {
    const made = new FormingNodes(await mkdtemp(join(tmpdir(), "raftctl-forming-")));
    for (let number = 1; number <= count; number += 1) await made.add(`n${number}`, expect);
    await made.publish(made.nodes);
    return made;
  }

  private constructor(home: string) {
    this.home = home;
  }

  get source(): string {
    return `file:${join(this.home, "nodes")}`;
  }

  /** An empty node that knows the source; nobody finds it before it is published. */
  async add(name: string, expect: number, settings: Record<string, string> = {}): Promise<FormingDaemon> {
    const node = new FormingDaemon({ name, dataDir: join(this.home, name), peer: `127.0.0.1:${await ownPort()}`, source: this.source, expect, settings });
    await node.prepare();
    this.nodes.push(node);
    return node;
  }

  /** What discovery names from now on. */
  async publish(nodes: readonly FormingDaemon[]): Promise<void> {
    await writeFile(join(this.home, "nodes"), nodes.map(({ peer }) => `${peer}\n`).join(""));
  }

  /** The clusters that the nodes belong to. */
  async clusters(nodes: readonly FormingDaemon[] = this.nodes): Promise<string[]> {
    const ids = await Promise.all(nodes.map(async ({ dataDir }) => (await readDataDirectory(dataDir))?.clusterId));
    return [...new Set(ids.filter((id) => id !== undefined))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface NodeOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly peer: string;
  readonly source: string;
  readonly expect: number;
  readonly settings: Readonly<Record<string, string>>;
}

export class FormingDaemon {
  readonly #options: NodeOptions;
  #peer: string;
  daemon: Daemon | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#peer = options.peer;
  }

  get name(): string {
    return this.#options.name;
  }

  get peer(): string {
    return this.#peer;
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  async prepare(): Promise<void> {
    const { dataDir, name, peer, source, expect } = this.#options;
    await formDataDirectory(dataDir, { name, source, expect, settings: { listenPeer: peer, listenClient: "127.0.0.1:0" } });
  }

  /** Its next start listens elsewhere. */
  async move(): Promise<void> {
    this.#peer = `127.0.0.1:${await ownPort()}`;
  }

  async start(parts: Partial<DaemonParts> = {}): Promise<Daemon> {
    const { dataDir, settings } = this.#options;
    const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": this.#peer, "listen.client": "127.0.0.1:0", ...fastSettings, ...settings };
    const loaded = await loadConfig({ flags, env: {}, cwd: dataDir });
    this.daemon = await Daemon.start(loaded, { ...(await systemParts(silentLogger)), ...parts });
    return this.daemon;
  }

  /** Nothing is handed over, nothing is waited for. */
  async kill(): Promise<void> {
    const { daemon } = this;
    this.daemon = undefined;
    await daemon?.stop({ transfer: false, drainMs: 0 });
  }
}
