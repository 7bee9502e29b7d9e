// Watches of one region on this node: a request is answered at once when something has changed for it, otherwise as soon as something is applied that
// does, or when its time is over. Nothing is kept of a watcher between two requests, so one that is slow or gone costs nothing. Only what is applied is
// ever told, so only what is committed, and a node that has applied less than a watcher has seen tells him nothing until it has caught up.
//
// While anybody waits, one loop follows what is applied; a batch is read once for all of them, and they are answered some at a time, in turns.

import { AssertionFailure } from "../../base/assert.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { mark } from "../../base/mark.ts";
import type { WatchRequest } from "../../wire/client-protocol.ts";
import { EventSource, type WatchedLog, type WatchedMachine, type WatchPage } from "./event-source.ts";
import { WaitingWatchers } from "./waiting-watchers.ts";

/** As Raft has it. */
export interface WatchedRegion {
  readonly auditTrail: WatchedLog;
  /** Not undefined: it answers nobody any more. */
  readonly divergence: RaftctlError | undefined;
  waitForApplied(index: number, timeoutMs: number): Promise<number>;
}

export interface WatchesOptions {
  readonly region: WatchedRegion;
  readonly machine: WatchedMachine;
  readonly clock: Clock;
  readonly limits?: WatchLimits;
}

export interface WatchLimits {
  /** Requests that wait at the same time, about 1 KiB each; more are answered BUSY. */
  readonly perConnection: number;
  readonly perNode: number;
}

export interface WatchAnswer extends WatchPage {
  readonly firstRetained: number;
  readonly lastApplied: number;
}

const limitsDefault: WatchLimits = { perConnection: 1_024, perNode: 16_384 };
/** Answered in one turn. */
const answersPerTurn = 64;
/** The loop that follows looks this often whether anybody waits still, ms. */
const followMs = 5_000;

interface Waiting {
  readonly query: WatchRequest;
  readonly owner: object;
  readonly position: number;
  readonly resolve: (answer: WatchAnswer) => void;
  readonly reject: (error: Error) => void;
  timer: Timer | undefined;
}

export class Watches {
  readonly #options: WatchesOptions;
  readonly #limits: WatchLimits;
  readonly #source: EventSource;
  readonly #waiting = new WaitingWatchers<Waiting>();
  readonly #byOwner = new Map<object, Set<Waiting>>();
  /** Everything up to here was shown to all who wait. */
  #seen = 0;
  #isFollowing = false;
  #stopped: RaftctlError | undefined;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#limits = options.limits ?? limitsDefault;
    this.#source = new EventSource(options.machine, () => options.region.auditTrail);
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param owner who asks, to be told by `leave` when he is gone
   * Throws or rejects with COMPACTED, with BUSY when too many wait, and with what this node has stopped for.
   */
  async watch(request: WatchRequest, owner: object): Promise<WatchAnswer> {
    const refusal = this.#stopped ?? this.#options.region.divergence;
    if (refusal !== undefined) throw refusal;
    const page = this.#source.read(request, request.fromIndex);
    if (page.events.length > 0 || page.nextIndex <= this.#source.lastApplied || request.waitMs === 0) return this.#answer(page);
    return this.#wait(request, owner, page.nextIndex);
  }

  /** He is gone: what he waits for is not looked for any more. */
  leave(owner: object): void {
    for (const waiting of this.#byOwner.get(owner) ?? []) {
      this.#take(waiting);
      waiting.reject(new RaftctlError("STOPPED", "who asked is gone"));
    }
  }

  /** Whoever waits is told, and nobody is answered any more. */
  stop(): void {
    this.#stopped ??= new RaftctlError("STOPPED", "this node is stopping");
    this.#failAll(this.#stopped);
  }

  #wait(request: WatchRequest, owner: object, position: number): Promise<WatchAnswer> {
    const mine = this.#byOwner.get(owner) ?? new Set();
    if (mine.size >= this.#limits.perConnection) throw busy(`${mine.size} watches of this connection wait already (at most ${this.#limits.perConnection})`);
    if (this.#waiting.size >= this.#limits.perNode) throw busy(`${this.#waiting.size} watches wait here already (at most ${this.#limits.perNode})`);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { query: request, owner, position, resolve, reject, timer: undefined };
      const { clock } = this.#options;
      waiting.timer = clock.at(clock.now() + request.waitMs, () => this.#timeIsOver(waiting));
      this.#byOwner.set(owner, mine.add(waiting));
      this.#waiting.add(waiting);
      if (!this.#isFollowing) void this.#follow();
    });
  }

  #timeIsOver(waiting: Waiting): void {
    this.#take(waiting);
    const { position, resolve } = waiting;
    resolve(this.#answer({ events: [], nextIndex: Math.max(position, this.#seen + 1) }));
  }

  async #follow(): Promise<void> {
    this.#isFollowing = true;
    this.#seen = this.#source.lastApplied;
    while (this.#waiting.size > 0) {
      try {
        await this.#options.region.waitForApplied(this.#seen + 1, followMs);
        await this.#show();
      } catch (thrown) {
        // Our own bug is nobody's answer: it ends the process.
        if (thrown instanceof AssertionFailure) throw thrown;
        const error = toRaftctlError(thrown);
        if (error.code !== "TIMEOUT") this.#failAll(error);
      }
    }
    this.#isFollowing = false;
  }

  /** What has come since then, to all who wait for it. */
  async #show(): Promise<void> {
    const from = this.#seen + 1;
    const woken = new Set(this.#concerned(from));
    this.#seen = this.#source.lastApplied;
    if (woken.size > 0) mark("watch-answered-as-it-is-applied");
    for (const waiting of woken) this.#take(waiting);
    let answered = 0;
    for (const waiting of woken) {
      this.#serve(waiting, from);
      answered += 1;
      if (answered % answersPerTurn === 0) await this.#nextTurn();
    }
  }

  *#concerned(from: number): Iterable<Waiting> {
    // A snapshot was installed: what was skipped is not known here.
    for (const waiting of this.#source.firstRetained > from ? this.#waiting.before(this.#source.firstRetained) : []) {
      mark("watch-waited-through-an-install");
      yield waiting;
    }
    for (const { index, effects } of this.#source.readNew(from).effects) {
      if (effects === "lost") yield* this.#waiting.before(index + 1);
      else yield* this.#waiting.waitingFor(index, effects);
    }
  }

  #serve({ query, position, resolve, reject }: Waiting, from: number): void {
    const refusal = this.#stopped ?? this.#options.region.divergence;
    if (refusal !== undefined) return reject(refusal);
    try {
      resolve(this.#answer(this.#source.read(query, Math.max(position, from))));
    } catch (thrown) {
      reject(thrown as Error);
    }
  }

  #answer(page: WatchPage): WatchAnswer {
    return { ...page, firstRetained: this.#source.firstRetained, lastApplied: this.#source.lastApplied };
  }

  #take(waiting: Waiting): void {
    waiting.timer?.cancel();
    this.#waiting.delete(waiting);
    const mine = this.#byOwner.get(waiting.owner);
    mine?.delete(waiting);
    if (mine?.size === 0) this.#byOwner.delete(waiting.owner);
  }

  #failAll(error: RaftctlError): void {
    for (const waiting of [...this.#waiting.all()]) {
      this.#take(waiting);
      waiting.reject(error);
    }
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.nextTurn(resolve));
  }
}

function busy(message: string): RaftctlError {
  return new RaftctlError("BUSY", message, { hint: "watch a prefix instead of many keys, or through more connections" });
}
