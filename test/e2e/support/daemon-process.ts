// One real daemon: the built program in a process of its own, with a data directory and two fixed ports, so that it can be killed, paused and
// started again as the same node. It ends with this process whatever happens: its lifeline is a pipe that the kernel closes.

import { execa } from "execa";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Client } from "../../../src/client/client.ts";
import type { NodeStatus, RegionReport } from "../../../src/wire/admin-protocol.ts";
import { cleanEnvironment, executable } from "./command-line.ts";

export type Settings = Readonly<Record<string, unknown>>;

export interface DaemonPlace {
  readonly name: string;
  /** Holds data directory, configuration and log of this node. */
  readonly directory: string;
  readonly peerPort: number;
  readonly clientPort: number;
  /** Content of the configuration file. */
  readonly settings: Settings;
  readonly home: string;
  /** Of Node itself, before the program. */
  readonly nodeFlags?: readonly string[];
}

interface ReadyLine {
  readonly ready: boolean;
  readonly pid?: number;
  readonly socket?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly exit: number };
}

export class DaemonProcess {
  readonly place: DaemonPlace;
  #process: SpawnedDaemon | undefined;
  #client: Client | undefined;
  #socket = "";
  #exitCode: Promise<number | undefined> = Promise.resolve(undefined);

  constructor(place: DaemonPlace) {
    this.place = place;
  }

  get name(): string {
    return this.place.name;
  }

  get dataDir(): string {
    return join(this.place.directory, "data");
  }

  get configFile(): string {
    return join(this.place.directory, "raftctl.config.json");
  }

  get logFile(): string {
    return join(this.place.directory, "daemon.log");
  }

  get peerAddress(): string {
    return `127.0.0.1:${this.place.peerPort}`;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.place.clientPort}`;
  }

  get socket(): string {
    return this.#socket;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  /** A client of this node alone. */
  get client(): Client {
    this.#client ??= new Client({ endpoints: [this.endpoint], timeoutMs: 5000, clearUpMs: 5000 });
    return this.#client;
  }

  async prepare(): Promise<void> {
    await mkdir(this.place.directory, { recursive: true });
    await writeFile(this.configFile, JSON.stringify(this.place.settings));
  }

  /** Resolves when the daemon serves. */
  async start(): Promise<void> {
    const daemon = spawnDaemon(this);
    this.#process = daemon;
    daemon.stderr.pipe(createWriteStream(this.logFile, { flags: "a" }));
    this.#exitCode = daemon.then((result) => {
      if (this.#process === daemon) this.#process = undefined;
      return result.exitCode;
    });
    const line = await firstLine(daemon.stdio[3]);
    const ready = line === undefined ? undefined : (JSON.parse(line) as ReadyLine);
    if (ready?.ready !== true) {
      const { exitCode } = await daemon;
      throw new Error(`${this.name} did not start (exit ${exitCode}): ${ready?.error?.message ?? (await this.logTail())}`);
    }
    this.#socket = ready.socket ?? "";
  }

  /** kill -9, and the process is gone when this resolves. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** As an operator stops it; the exit code. */
  async terminate(): Promise<number | undefined> {
    return this.#end("SIGTERM");
  }

  /** Of the latest run, once it has ended; undefined when a signal ended it. */
  exitCode(): Promise<number | undefined> {
    return this.#exitCode;
  }

  /** As when the process that started it has died. */
  cutLifeline(): void {
    (this.#process?.stdio[4] as Writable | undefined)?.destroy();
  }

  /** The process stands still: it neither reads nor answers, and its sockets stay open. */
  pause(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
  }

  async status(): Promise<NodeStatus> {
    return this.client.admin.call("status", {}, { timeoutMs: 1000 });
  }

  async region(): Promise<RegionReport> {
    const { regions } = await this.status();
    const region = regions.find((report) => report.region === "global");
    if (region === undefined) throw new Error(`${this.name} does not know the region global`);
    return region;
  }

  async logTail(): Promise<string> {
    const text = await readFile(this.logFile, "utf8").catch(() => "(no log)");
    return text.split("\n").slice(-15).join("\n");
  }

  /** User and system time that the daemon has used, in seconds. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async residentBytes(): Promise<number> {
    const statm = await readFile(`/proc/${this.pid}/statm`, "utf8");
    return Number(statm.split(" ")[1]) * 4096;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | undefined> {
    const daemon = this.#process;
    this.#client?.close();
    this.#client = undefined;
    if (daemon === undefined) return undefined;
    daemon.kill(signal);
    return this.#exitCode;
  }
}

type SpawnedDaemon = ReturnType<typeof spawnDaemon>;

function spawnDaemon({ place, dataDir, configFile }: DaemonProcess) {
  const args = [...(place.nodeFlags ?? []), executable, "daemon", "run", "--data-dir", dataDir, "--config", configFile, "--ready-fd", "3", "--lifeline-fd", "4"];
  return execa(process.execPath, args, {
    cwd: place.directory,
    env: cleanEnvironment(place.home),
    extendEnv: false,
    reject: false,
    cleanup: true,
    buffer: false,
    stdio: ["ignore", "ignore", "pipe", "pipe", ["pipe"]],
  });
}

async function firstLine(stream: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}
