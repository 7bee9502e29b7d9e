// The life of single writes on the leader, for whoever asks with the write (`put --trace`): when it was admitted, appended, durable on each member, committed
// and applied. Nothing in the core knows of it. While a traced write is on its way its state is looked up at the end of each turn, in which everything that
// a peer or the disk has said is taken in; while there is none that is one comparison. A member's time is the one at which the leader heard of it: its way
// through the network is in it.

import type { Clock, Timer } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { RawNode } from "../raft/raft.ts";
import type { RaftStatus } from "../raft/status.ts";

/** Times are ms since the leader took the request in, on its clock; null: not seen. */
export interface WriteTraceFacts {
  readonly index: number;
  readonly term: number;
  readonly leader: NodeId;
  readonly admittedMs: number;
  readonly appendedMs: number;
  readonly committedMs: number | null;
  readonly appliedMs: number | null;
  /** When the answer was given to whoever had asked. */
  readonly answeredMs: number | null;
  readonly members: readonly TracedMember[];
  /** Voters that had not acknowledged when looking on ended; when all had, the last one of several. */
  readonly stragglers: readonly NodeId[];
}

export interface TracedMember {
  readonly id: NodeId;
  readonly role: "leader" | "voter" | "learner";
  /** When the leader knew that the entry was durable there. */
  readonly durableMs: number | null;
}

type Core = Pick<RawNode, "status" | "persistedIndex">;

/** Traces that can still be asked for. */
const keptMax = 64;

export class WriteTrace {
  readonly #clock: Clock;
  readonly #began: number;
  #timer: Timer;
  #deadline: number;
  readonly #durable = new Map<NodeId, number>();
  readonly #awaited: ((report: WriteTraceFacts | undefined) => void)[] = [];
  #last: RaftStatus | undefined;
  #admitted = 0;
  #appended = 0;
  #committed: number | null = null;
  #applied: number | null = null;
  #answered: number | null = null;
  #ended = false;
  index: number | undefined;
  term = 0;

  /** @param patience how long it is followed, ms: a member that has not acknowledged by then is slow or gone, and that is the answer. */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#began = clock.now();
    this.#deadline = this.#began + patience;
    this.#timer = clock.at(this.#deadline, () => this.end());
  }

  get ended(): boolean {
    return this.#ended;
  }

  admitted(): void {
    this.#admitted = this.#elapsed;
  }

  appended(index: number, term: number): void {
    this.index = index;
    this.term = term;
    this.#appended = this.#elapsed;
  }

  answered(waitFor: "committed" | "applied"): void {
    this.#answered = this.#elapsed;
    this.#committed ??= this.#answered;
    if (waitFor === "applied") this.#applied ??= this.#answered;
  }

  /** What the core knows by now. It ends when nothing more can come: every member has acknowledged, or this node does not lead that term any more. */
  look(status: RaftStatus, persistedIndex: number): void {
    const { index } = this;
    if (index === undefined || this.#ended) return;
    if (status.role !== "leader" || status.currentTerm !== this.term) return this.end();
    this.#last = status;
    const now = this.#elapsed;
    if (persistedIndex >= index && !this.#durable.has(status.id)) this.#durable.set(status.id, now);
    for (const { id, matchIndex } of status.peers) if (matchIndex >= index && !this.#durable.has(id)) this.#durable.set(id, now);
    if (status.commitIndex >= index) this.#committed ??= now;
    if (status.lastApplied >= index) this.#applied ??= now;
    if (this.#applied !== null && this.#durable.size === status.peers.length + 1) this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    const report = this.#report();
    for (const resolve of this.#awaited.splice(0)) resolve(report);
  }

  /** At its end, which comes now within so many ms. undefined: it was never appended here. */
  report(withinMs: number): Promise<WriteTraceFacts | undefined> {
    if (this.#ended) return Promise.resolve(this.#report());
    this.#deadline = Math.min(this.#deadline, this.#clock.now() + withinMs);
    this.#timer.cancel();
    this.#timer = this.#clock.at(this.#deadline, () => this.end());
    return new Promise((resolve) => this.#awaited.push(resolve));
  }

  #report(): WriteTraceFacts | undefined {
    const { index, term } = this;
    if (index === undefined || this.#last === undefined) return undefined;
    const { id: leader, peers, membership } = this.#last;
    const voters = new Set([...membership.voters, ...membership.votersOutgoing]);
    const members = [leader, ...peers.map(({ id }) => id)].map((id): TracedMember => ({
      id, role: id === leader ? "leader" : voters.has(id) ? "voter" : "learner", durableMs: this.#durable.get(id) ?? null,
    }));
    return {
      index, term, leader, admittedMs: this.#admitted, appendedMs: this.#appended, committedMs: this.#committed, appliedMs: this.#applied,
      answeredMs: this.#answered, members, stragglers: stragglersOf(members.filter(({ id }) => voters.has(id))),
    };
  }

  /** In whole microseconds. */
  get #elapsed(): number {
    return Math.round((this.#clock.now() - this.#began) * 1_000) / 1_000;
  }
}

export class WriteTraces {
  readonly #clock: Clock;
  readonly #core: Core;
  readonly #patience: number;
  readonly #kept: WriteTrace[] = [];
  /** Those that have not ended. */
  #followed: WriteTrace[] = [];

  constructor(clock: Clock, core: Core, patience: number) {
    this.#clock = clock;
    this.#core = core;
    this.#patience = patience;
  }

  /** The request has come in. */
  begin(): WriteTrace {
    const trace = new WriteTrace(this.#clock, this.#patience);
    this.#kept.push(trace);
    this.#followed.push(trace);
    if (this.#kept.length > keptMax) this.#kept.shift()!.end();
    return trace;
  }

  /** Whether `look` would see anything. */
  get following(): boolean {
    return this.#followed.length > 0;
  }

  look(): void {
    const status = this.#core.status();
    for (const trace of this.#followed) trace.look(status, this.#core.persistedIndex);
    this.#followed = this.#followed.filter((trace) => !trace.ended);
  }

  /** At the end of the trace, which whoever asks does not wait for longer than `withinMs`; undefined when this node has none of that entry. */
  async report(index: number, term: number, withinMs: number): Promise<WriteTraceFacts | undefined> {
    return this.#kept.findLast((trace) => trace.index === index && trace.term === term)?.report(withinMs);
  }
}

function stragglersOf(voters: readonly TracedMember[]): NodeId[] {
  const silent = voters.filter(({ durableMs }) => durableMs === null);
  if (silent.length > 0) return silent.map(({ id }) => id);
  const last = voters.toSorted((left, right) => left.durableMs! - right.durableMs!).at(-1);
  return last === undefined || voters.length === 1 ? [] : [last.id];
}
