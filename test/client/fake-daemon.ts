// A daemon of a cluster of one, for tests of the client and the commands: the real listener, codec and command bytes, and behind them a map. What a
// test wants to go wrong it puts into `faults`, for the next proposals.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { compareBytes, equalBytes } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { FakeLeases } from "./fake-leases.ts";
import { parseClusterId, parseNodeId, globalRegion } from "../../src/base/ids.ts";
import { RequestServer } from "../../src/platform/request-server.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import type { AdminMethods, HealthReport, MemberReport, NodeStatus, RegionReport } from "../../src/wire/admin-protocol.ts";
import type { ClientRequest, ClientResponse, GetRequest, KeyValueRecord, LeaseKeepAliveRequest, PageRequest, ProposeRequest, RangeRequest, WatchRequest } from "../../src/wire/client-protocol.ts";
import type { WatchEvent } from "../../src/wire/watch-events.ts";
import { decodeCommand } from "../../src/wire/command.ts";
import type { Command, Condition } from "../../src/wire/command.ts";
import { decodeResult, encodeResult } from "../../src/wire/command-result.ts";
import type { CommandResult } from "../../src/wire/command-result.ts";
import { decodeTxn } from "../../src/wire/txn.ts";
import { encodeStepResults } from "../../src/wire/txn-result.ts";

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export type Fault =
  /** The server's word that nothing was done. */
  | { readonly kind: "refuse"; readonly error: RaftctlError }
  /** Executed, and then the connection ends without an answer. */
  | { readonly kind: "executeAndDrop" }
  /** The same, and all sessions are forgotten by then. */
  | { readonly kind: "executeAndForget" }
  /** Neither executed nor answered. */
  | { readonly kind: "silence" }
  /** Executed and never answered. */
  | { readonly kind: "executeSilently" };

export class FakeDaemon {
  readonly requests: ClientRequest[] = [];
  readonly faults: Fault[] = [];
  readonly records = new Map<string, KeyValueRecord>();
  readonly leases = new FakeLeases();
  readonly status: NodeStatus;
  health: HealthReport = { healthy: true, live: true, ready: true, checks: [{ name: "leader", ok: true, detail: "n1 leads in term 7" }] };
  adminFault: RaftctlError | undefined;
  /** These methods are never answered. */
  readonly silentMethods = new Set<string>();
  executed = 0;
  /** What has changed, by ascending index. */
  readonly events: WatchEvent[] = [];
  /** What watches are told next, instead of an answer. */
  readonly watchFaults: RaftctlError[] = [];
  firstRetained = 1;
  /** What watches are told of the leader. */
  watchLeader: string | undefined = "n1";
  /** How many records a range answers with at most. */
  pageMax = 10_000;
  /** What is held for further pages, by name. */
  readonly views = new Map<string, { readonly index: number; readonly records: readonly KeyValueRecord[] }>();
  /** Called with each page before it is answered. */
  onPage: (request: PageRequest) => Promise<void> | void = () => undefined;
  #viewsOpened = 0;
  readonly #sessions = new Map<string, Uint8Array>();
  readonly #name: string;
  #index = 100;
  #forgotten = 0;
  readonly #watching = new Set<() => void>();
  #server: RequestServer;

  constructor(name = "n1") {
    this.#name = name;
    this.#server = this.#makeServer(0);
    this.status = nodeStatus(name);
  }

  /** host:port */
  get endpoint(): string {
    const { address } = this.#server;
    return "port" in address ? `${address.host}:${address.port}` : address.path;
  }

  async start(): Promise<this> {
    await this.#server.start();
    this.status.clientAddress = this.endpoint;
    for (const member of this.status.regions[0]!.members) if (member.name === this.#name) member.clientAddress = this.endpoint;
    return this;
  }

  async stop(): Promise<void> {
    await this.#server.stop(0);
  }

  /** All connections end; the same port accepts again. */
  async restart(): Promise<void> {
    const { address } = this.#server;
    await this.#server.stop(0);
    this.#server = this.#makeServer("port" in address ? address.port : 0);
    await this.#server.start();
  }

  #makeServer(port: number): RequestServer {
    const index = (): number => this.#index;
    return new RequestServer({
      clock: new SystemClock(),
      name: "client",
      address: { host: "127.0.0.1", port },
      identity: {
        clusterId: parseClusterId("9f31".repeat(8)), clusterIncarnation: 1, nodeId: parseNodeId(nodeIdOf(this.#name)), incarnation: 1, name: this.#name,
        regions: [globalRegion], version: "0.1.0", get committed() {
          return [index()];
        },
      },
      onRequest: (request) => this.#answer(request),
      onDisconnect: () => this.views.clear(),
    });
  }

  async #answer(request: ClientRequest): Promise<ClientResponse> {
    this.requests.push(request);
    if (request.operation === "propose") return this.#propose(request);
    if (request.operation === "leaseKeepAlive") return this.#keepAlive(request);
    if (request.operation === "admin" && this.silentMethods.has(request.method)) return new Promise(() => undefined);
    if (request.operation === "admin") return { operation: "admin", result: this.#admin(request.method as keyof AdminMethods, request.params) };
    if (request.operation === "watch") return this.#watch(request);
    if (request.operation === "page") return this.#page(request);
    if (request.operation === "closeView") return { operation: "closeView", wasOpen: this.views.delete(request.view) };
    return this.#read(request);
  }

  async #page(request: PageRequest): Promise<ClientResponse> {
    await this.onPage(request);
    const held = this.views.get(request.view);
    if (held === undefined) throw new RaftctlError("VIEW_GONE", "the state of these pages is not held here any more");
    const matching = held.records.filter((record) => inRange(record.key, request.start ?? new Uint8Array(0), request.end));
    const records = this.#portion(matching, request);
    const more = matching.length > records.length;
    const goesOn = more && records.length < request.wanted;
    if (!goesOn) this.views.delete(request.view);
    const shared = { operation: "read", records, count: records.length, more, index: held.index, term: 7, leader: "n1", servedBy: this.#name, staleMs: undefined } as const;
    return goesOn ? { ...shared, view: request.view } : shared;
  }

  #portion(matching: readonly KeyValueRecord[], { limit, keysOnly }: { readonly limit: number; readonly keysOnly: boolean }): KeyValueRecord[] {
    return matching.slice(0, Math.min(limit, this.pageMax)).map((record) => (keysOnly ? { ...record, value: new Uint8Array(0) } : record));
  }

  #hold(): string {
    this.#viewsOpened += 1;
    const name = `view-${this.#viewsOpened}`;
    this.views.set(name, { index: this.#index, records: this.#sorted() });
    return name;
  }

  async #keepAlive({ leases }: LeaseKeepAliveRequest): Promise<ClientResponse> {
    const fault = this.faults.shift();
    if (fault?.kind === "refuse") throw fault.error;
    if (fault?.kind === "silence") return new Promise(() => undefined);
    return { operation: "leaseKeepAlive", remainingMs: this.leases.keepAlive(leases) };
  }

  get index(): number {
    return this.#index;
  }

  async #watch(request: WatchRequest): Promise<ClientResponse> {
    const fault = this.watchFaults.shift();
    if (fault !== undefined) throw fault;
    if (request.fromIndex < this.firstRetained) {
      throw new RaftctlError("COMPACTED", `index ${request.fromIndex} is not retained here any more`, { details: { firstRetained: String(this.firstRetained) } });
    }
    const found = (): WatchEvent[] => this.events.filter((event) =>
      event.index >= request.fromIndex && inRange(event.key, request.start ?? new Uint8Array(0), request.end) && (event.kind === "put" ? request.puts : request.deletes));
    if (found().length === 0) await this.#change(request.waitMs);
    const all = found();
    const fitting = all.filter((event) => all.findIndex(({ index }) => index === event.index) < request.eventsMax);
    return {
      operation: "watch", events: fitting.map((event) => (request.keysOnly ? { ...event, value: new Uint8Array(0) } : event)),
      nextIndex: fitting.length < all.length ? fitting.at(-1)!.index + 1 : Math.max(request.fromIndex, this.#index + 1),
      firstRetained: this.firstRetained, index: this.#index, term: 7, leader: this.watchLeader, servedBy: this.#name,
    };
  }

  #change(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      timer.unref();
      this.#watching.add(() => (clearTimeout(timer), resolve()));
    });
  }

  /** As if another client had written. */
  happen(kind: WatchEvent["kind"], key: string, value = ""): number {
    this.#index += 1;
    this.#note({ index: this.#index, kind, key: Buffer.from(key), value: Buffer.from(value), version: kind === "put" ? 1 : 0, createIndex: kind === "put" ? this.#index : 0 });
    return this.#index;
  }

  #note(event: WatchEvent): void {
    this.events.push(event);
    for (const wake of this.#watching) wake();
    this.#watching.clear();
  }

  async #propose(request: ProposeRequest): Promise<ClientResponse> {
    const fault = this.faults.shift();
    if (fault?.kind === "refuse") throw fault.error;
    if (fault?.kind === "silence") return new Promise(() => undefined);
    const result = this.#execute(request.command.slice());
    if (fault?.kind === "executeSilently") return new Promise(() => undefined);
    if (fault?.kind === "executeAndForget") this.forgetSessions();
    if (fault?.kind === "executeAndDrop" || fault?.kind === "executeAndForget") {
      await this.restart();
      return new Promise(() => undefined);
    }
    const index = decodeResult(result).index;
    // It is answered without a result only when it is certain to be executed.
    const committedOnly = request.waitFor === "committed" && decodeResult(result).status !== "sessionExpired";
    return { operation: "propose", term: 7, index, result: committedOnly ? new Uint8Array(0) : result, forwardedBy: undefined, leader: "n1" };
  }

  /** As if so many others had come since then. */
  forgetSessions(): void {
    this.#index += 1_000;
    this.#forgotten = this.#index;
    this.#sessions.clear();
  }

  #execute(bytes: Uint8Array): Uint8Array {
    const command = decodeCommand(bytes);
    const key = command.session === undefined ? undefined : `${command.session.id}:${command.session.sequence}`;
    const known = key === undefined ? undefined : this.#sessions.get(key);
    if (known !== undefined) return known;
    this.#index += 1;
    if (command.session !== undefined && command.session.sequence <= this.#forgotten) {
      return encodeResult({ status: "sessionExpired", version: 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false });
    }
    this.executed += 1;
    const result = encodeResult(this.#apply(command));
    if (key !== undefined) this.#sessions.set(key, result);
    return result;
  }

  #apply(command: Command): CommandResult {
    if (command.operation === "deleteRange") {
      const matching = this.#sorted().filter((record) => inRange(record.key, command.start, command.end));
      for (const { key } of matching) {
        this.records.delete(hex(key));
        this.#note({ index: this.#index, kind: "delete", key, value: new Uint8Array(0), version: 0, createIndex: 0 });
      }
      return { status: "ok", version: 0, index: this.#index, deleted: matching.length, previous: undefined, previousDropped: false };
    }
    if (command.operation === "settle") return { status: "neverApplied", version: 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false };
    // What it keeps of sessions nobody can list or close.
    if (command.operation === "sessionClose") return { status: "sessionNotFound", version: 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false };
    if (command.operation === "txn") return this.#txn(command.body);
    if (command.operation === "leaseGrant" || command.operation === "leaseRevoke") {
      const { status, keys } = this.leases.execute(command, this.#index);
      for (const key of keys) this.records.delete(key);
      return { status, version: 0, index: this.#index, deleted: keys.length, previous: undefined, previousDropped: false };
    }
    if (command.operation === "put" && !this.leases.attach(hex(command.key), command.lease)) {
      return { status: "leaseNotFound", version: 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false };
    }
    const found = this.records.get(hex(command.key));
    const previous = command.wantPrevious ? found : undefined;
    const shared = { index: this.#index, previous, previousDropped: false };
    if (!holds(command.condition, found)) return { status: "conflict", version: found?.version ?? 0, deleted: 0, ...shared };
    if (command.operation === "delete") {
      this.records.delete(hex(command.key));
      if (found !== undefined) this.#note({ index: this.#index, kind: "delete", key: command.key, value: new Uint8Array(0), version: 0, createIndex: 0 });
      return { status: "ok", version: found?.version ?? 0, deleted: found === undefined ? 0 : 1, ...shared };
    }
    const version = (found?.version ?? 0) + 1;
    const createIndex = found?.createIndex ?? this.#index;
    this.records.set(hex(command.key), { key: command.key, value: command.value, version, createIndex, modIndex: this.#index });
    this.#note({ index: this.#index, kind: "put", key: command.key, value: command.value, version, createIndex });
    return { status: "ok", version, deleted: 0, ...shared };
  }

  /** Writes only, and whether versions and values are equal: the rest is the machine's. */
  #txn(body: Uint8Array): CommandResult {
    const { compare, then, else: otherwise } = decodeTxn(body);
    const held = compare.every((comparison) => {
      const found = this.records.get(hex(comparison.key));
      if (comparison.target === "value") return found !== undefined && equalBytes(found.value, comparison.value);
      return comparison.target === "version" && (found?.version ?? 0) === comparison.number;
    });
    const steps = held ? then : otherwise;
    if (steps.some((step) => step.operation === "put" && step.lease !== undefined && !this.leases.granted.has(step.lease))) {
      return { status: "leaseNotFound", version: 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false };
    }
    const results = steps.map((step) => (step.operation === "range" ? { records: [], more: true } : this.#apply(step)));
    return { status: "ok", version: held ? 1 : 0, index: this.#index, deleted: 0, previous: undefined, previousDropped: false, steps: encodeStepResults(results) };
  }

  #read(request: GetRequest | RangeRequest): ClientResponse {
    const matching = this.#sorted().filter((record) =>
      request.operation === "get" ? equalBytes(record.key, request.key) : inRange(record.key, request.start ?? new Uint8Array(0), request.end));
    const records = request.operation === "get" ? matching : request.countOnly ? [] : this.#portion(matching, request);
    const more = matching.length > records.length;
    const goesOn = request.operation === "range" && request.wanted !== undefined && more && records.length < request.wanted;
    return {
      operation: "read", records, count: matching.length, more, index: this.#index, term: 7, leader: "n1",
      servedBy: this.#name, staleMs: request.consistency === "stale" ? 12 : undefined, ...(goesOn && { view: this.#hold() }),
    };
  }

  #sorted(): KeyValueRecord[] {
    return [...this.records.values()].toSorted((left, right) => compareBytes(left.key, right.key));
  }

  #admin(method: keyof AdminMethods, params: unknown): unknown {
    if (this.adminFault !== undefined) throw this.adminFault;
    if (method === "leaseList") return this.leases.page(params as AdminMethods["leaseList"]["params"]);
    if (method === "leaseInfo") return this.leases.details(params as AdminMethods["leaseInfo"]["params"]);
    const region = this.status.regions[0]!;
    const answers: Partial<Record<keyof AdminMethods, unknown>> = {
      status: this.status,
      health: this.health,
      memberList: { members: region.members, membershipIndex: region.membershipIndex, failureTolerance: region.failureTolerance, replacements: [] },
      leaderTransfer: { old: "n1", new: "n2", ms: 12, applied: true },
      version: { version: "0.1.0", node: "v24.21.0", protocol: 1, dataFormat: 1, name: this.#name },
    };
    return answers[method];
  }
}

function holds(condition: Condition | undefined, found: KeyValueRecord | undefined): boolean {
  switch (condition?.kind) {
    case undefined:
      return true;
    case "absent":
      return found === undefined;
    case "version":
      return (found?.version ?? 0) === condition.version;
    case "value":
      return found !== undefined && equalBytes(found.value, condition.value);
  }
}

function inRange(key: Uint8Array, start: Uint8Array, end: Uint8Array | undefined): boolean {
  return compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

export function nodeIdOf(name: string): string {
  return String(1000 + Number(name.slice(1)));
}

export function memberReport(name: string): MemberReport {
  return {
    id: nodeIdOf(name), name, role: "voter", leader: name === "n1", peerAddress: `127.0.0.1:74${name.slice(1)}1`, clientAddress: "127.0.0.1:1",
    masterEligible: true, incarnation: 1, regions: ["global"], match: 1042, lag: 0, catchUp: null, stateTransfer: null, state: "replicate", lastContactMs: 3, rttMs: 0.4,
  };
}

export function regionReport(): RegionReport {
  return {
    region: "global", role: "leader", term: 7, leader: { id: nodeIdOf("n1"), name: "n1" }, commitIndex: 1042, lastApplied: 1042, lastIndex: 1042,
    snapshotIndex: 1000, lag: 0, lastContactMs: null, fsyncP99Ms: 1.2, logBytes: 4096, membershipIndex: 3, failureTolerance: 1, joint: false,
    readOnly: false, members: ["n1", "n2", "n3"].map(memberReport), election: null, stateTransfers: { completed: 0, aborted: {} }, alarms: [], stateDigest: "abcd",
  };
}

function nodeStatus(name: string): NodeStatus {
  return {
    clusterId: "9f31".repeat(8), clusterIncarnation: 1, nodeId: nodeIdOf(name), name, version: "0.1.0", uptimeMs: 1000, peerAddress: "127.0.0.1:7401",
    clientAddress: "127.0.0.1:7400", regions: [regionReport()], eventLoopLagP99Ms: 0.3, warnings: [],
  };
}

/** A path where nobody listens. */
export function emptySocketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-"));
  directories.push(directory);
  return join(directory, "admin.sock");
}
