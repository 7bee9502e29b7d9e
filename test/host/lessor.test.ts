// The lessor on a clock that the test moves, a state machine, and a Raft that does what the test says.

import { describe, expect, test } from "vitest";
import { defer, type Deferred } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { LeaseDeadlines } from "../../src/host/lease-deadlines.ts";
import { Lessor, type LessorOptions } from "../../src/host/lessor.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { type Command, decodeCommand, encodeCommand } from "../../src/wire/command.ts";
import { ManualClock } from "../platform/manual-clock.ts";

const electionTimeout = 1_000;

/** One node: what is proposed waits until the test commits it, and a round of heartbeats until the test confirms it, unless `confirms`. */
class Bench {
  readonly clock = new ManualClock();
  readonly machine = new Machine({ store: new MemoryStore() });
  readonly proposals: { readonly data: Uint8Array; readonly outcome: Deferred<never> }[] = [];
  readonly rounds: Deferred<number>[] = [];
  confirms = true;
  role: "leader" | "follower" = "follower";
  term = 0;
  readonly lessor: Lessor;

  constructor() {
    const core = Object.defineProperties({ termAt: () => this.machine.lastAppliedTerm }, {
      role: { get: () => this.role }, currentTerm: { get: () => this.term }, lastApplied: { get: () => this.machine.lastApplied },
    });
    const raft = { core, propose: (data: Uint8Array) => this.#propose(data), readIndex: () => this.#readIndex() } as unknown as LessorOptions["raft"];
    this.lessor = new Lessor({ raft, leases: this.machine.leases, clock: this.clock, logger: silentLogger, electionTimeout });
  }

  async leads(term: number): Promise<void> {
    this.role = "leader";
    this.term = term;
    this.machine.apply({ index: this.machine.lastApplied + 1, term, type: 0, data: new Uint8Array(0) });
    this.lessor.observed({ kind: "roleChanged", role: "leader", term, reason: "won" });
    await settled();
  }

  async follows(term: number): Promise<void> {
    this.role = "follower";
    this.term = term;
    this.lessor.observed({ kind: "roleChanged", role: "follower", term, reason: "a later term" });
    await settled();
  }

  /** By whoever leads. @returns the index */
  async applies(command: Command): Promise<number> {
    return this.applyBytes(encodeCommand(command));
  }

  async applyBytes(data: Uint8Array): Promise<number> {
    const index = this.machine.lastApplied + 1;
    this.machine.apply({ index, term: this.term, type: 1, data });
    await settled();
    return index;
  }

  async grants(lease: bigint, ttlMs: number): Promise<number> {
    return this.applies({ operation: "leaseGrant", lease, ttlMs });
  }

  async after(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  /** What was proposed since it was asked last: lease and grant. */
  taken(): [bigint, number | undefined][] {
    return this.proposals.splice(0).map(({ data }) => {
      const command = decodeCommand(data);
      return command.operation === "leaseRevoke" ? [command.lease, command.expiredGrant] : [0n, 0];
    });
  }

  async commits(): Promise<void> {
    for (const { data, outcome } of this.proposals.splice(0)) {
      await this.applyBytes(data);
      outcome.resolve(undefined as never);
    }
    await settled();
  }

  #propose(data: Uint8Array): Promise<never> {
    const outcome = defer<never>();
    this.proposals.push({ data, outcome });
    return outcome.promise;
  }

  #readIndex(): Promise<number> {
    if (this.role !== "leader") return Promise.reject(new RaftctlError("NOT_LEADER", "not here"));
    if (this.confirms) return Promise.resolve(this.machine.lastApplied);
    const round = defer<number>();
    this.rounds.push(round);
    return round.promise;
  }
}

/** The end of a turn of the manual clock is a real one, and promises settle before it. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("a lease", () => {
  test("whose time is over is ended by the leader, once, by an entry that names its grant", async () => {
    const bench = new Bench();
    await bench.leads(1);
    const granted = await bench.grants(7n, 5_000);
    await bench.after(4_999);
    expect(bench.taken()).toEqual([]);
    await bench.after(1);
    expect(bench.proposals).toHaveLength(1);
    await bench.commits();
    await bench.after(100_000);
    expect([bench.taken(), bench.machine.leases.count]).toEqual([[], 0]);
    await bench.grants(8n, 5_000);
    await bench.after(5_000);
    expect(bench.taken()).toEqual([[8n, granted + 2]]);
  });

  test("is kept alive from the arrival of the request on, not from its answer", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    await bench.after(3_000);
    bench.confirms = false;
    const kept = bench.lessor.keepAlive([7n, 9n], 1_000);
    await bench.after(1_500);
    bench.rounds[0]!.resolve(1);
    expect(await kept).toEqual([3_500, undefined]);
    await bench.after(3_499);
    expect(bench.taken()).toEqual([]);
    await bench.after(1);
    expect(bench.taken()).toHaveLength(1);
  });

  test("never loses time by a keep-alive that arrived before a later one", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    bench.confirms = false;
    const early = bench.lessor.keepAlive([7n], 9_000);
    await bench.after(2_000);
    const late = bench.lessor.keepAlive([7n], 9_000);
    bench.rounds[1]!.resolve(1);
    expect(await late).toEqual([5_000]);
    bench.rounds[0]!.resolve(1);
    expect(await early).toEqual([5_000]);
  });

  test("is not kept once its time was over, also when the entry that ends it is not there yet or could not be written", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    await bench.after(5_000);
    expect(await bench.lessor.keepAlive([7n], 1_000)).toEqual([undefined]);
    expect((await bench.lessor.remaining(1_000))(7n)).toBe(0);
    bench.proposals.splice(0)[0]!.outcome.reject(new RaftctlError("NO_SPACE", "the disk is full"));
    await settled();
    expect(await bench.lessor.keepAlive([7n], 1_000)).toEqual([undefined]);
    await bench.after(electionTimeout - 1);
    expect(bench.taken()).toEqual([]);
    await bench.after(1);
    expect(bench.taken()).toHaveLength(1);
  });

  test("that arrives at a leader while its expiry is being confirmed elsewhere is answered by what was decided", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    bench.confirms = false;
    await bench.after(4_999);
    const kept = bench.lessor.keepAlive([7n], 1_000);
    // Its time is over before the round is: from then on the entry may be on its way, and nothing may be promised.
    await bench.after(1);
    bench.rounds[0]!.resolve(1);
    expect(await kept).toEqual([undefined]);
    expect(bench.taken()).toHaveLength(1);
  });

  test("that is granted anew has all of its time again, also when the entry that ends its earlier grant is on its way", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    await bench.after(5_000);
    const again = await bench.grants(7n, 5_000);
    expect(await bench.lessor.keepAlive([7n], 1_000)).toEqual([5_000]);
    await bench.commits();
    expect(bench.machine.leases.count).toBe(1);
    await bench.after(5_000);
    expect(bench.taken()).toEqual([[7n, again]]);
  });
});

describe("a leader", () => {
  test("gives every lease all of its time again when the first entry of its term is applied, and not before", async () => {
    const bench = new Bench();
    bench.term = 1;
    await bench.grants(7n, 5_000);
    await bench.after(60_000);
    expect([bench.taken(), bench.clock.armed]).toEqual([[], 0]);
    await bench.leads(2);
    expect(await bench.lessor.keepAlive([8n], 1_000)).toEqual([undefined]);
    await bench.after(4_999);
    expect(bench.taken()).toEqual([]);
    await bench.after(1);
    expect(bench.taken()).toHaveLength(1);
  });

  test("that leads again in a later term knows nothing of its earlier deadlines", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    await bench.after(4_000);
    await bench.follows(2);
    expect(bench.clock.armed).toBe(0);
    await bench.leads(3);
    await bench.after(4_999);
    expect(bench.taken()).toEqual([]);
    await bench.after(1);
    expect(bench.taken()).toHaveLength(1);
  });

  test("that was told nothing of losing its term in between relies on no deadline of before either", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    await bench.after(4_000);
    bench.term = 3;
    bench.machine.apply({ index: bench.machine.lastApplied + 1, term: 3, type: 0, data: new Uint8Array(0) });
    await bench.after(1_000);
    expect(bench.taken()).toEqual([]);
    expect(await bench.lessor.keepAlive([7n], 1_000)).toEqual([5_000]);
  });

  test("that is deposed while it asks a majority promises nothing", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    bench.confirms = false;
    const kept = bench.lessor.keepAlive([7n], 1_000);
    await bench.follows(2);
    bench.rounds[0]!.resolve(1);
    await expect(kept).rejects.toMatchObject({ code: "NOT_LEADER" });
    await expect(bench.lessor.keepAlive([7n], 1_000)).rejects.toMatchObject({ code: "NOT_LEADER" });
  });

  test("asks again when no majority has confirmed it yet, and begins as soon as one does", async () => {
    const bench = new Bench();
    bench.term = 1;
    await bench.grants(7n, 5_000);
    bench.confirms = false;
    await bench.leads(2);
    bench.machine.apply({ index: bench.machine.lastApplied + 1, term: 2, type: 0, data: new Uint8Array(0) });
    bench.term = 3;
    bench.rounds[0]!.reject(new RaftctlError("NO_LEADER", "nobody"));
    await settled();
    await bench.after(electionTimeout);
    expect(bench.rounds).toHaveLength(2);
    bench.machine.apply({ index: bench.machine.lastApplied + 1, term: 3, type: 0, data: new Uint8Array(0) });
    bench.rounds[1]!.resolve(1);
    await settled();
    await bench.after(5_000);
    expect(bench.taken()).toHaveLength(1);
  });

  test("without leases arms no timer and asks nobody; nor does a follower with many (idle nodes do not wake)", async () => {
    const bench = new Bench();
    bench.confirms = false;
    await bench.leads(1);
    expect([bench.rounds.length, bench.clock.armed]).toEqual([0, 0]);
    await bench.follows(2);
    for (let lease = 1n; lease <= 10n; lease += 1n) await bench.grants(lease, 1_000);
    expect([bench.rounds.length, bench.clock.armed]).toEqual([0, 0]);
  });

  test("has a few of many entries on their way at a time, and ends them all", async () => {
    const bench = new Bench();
    await bench.leads(1);
    for (let lease = 1n; lease <= 200n; lease += 1n) bench.machine.apply({ index: bench.machine.lastApplied + 1, term: 1, type: 1, data: encodeCommand({ operation: "leaseGrant", lease, ttlMs: 1_000 }) });
    await settled();
    await bench.after(1_000);
    expect(bench.proposals).toHaveLength(64);
    for (let rounds = 0; rounds < 4; rounds += 1) await bench.commits();
    expect([bench.machine.leases.count, bench.proposals.length]).toEqual([0, 0]);
  });

  test("that is stopped ends nothing any more", async () => {
    const bench = new Bench();
    await bench.leads(1);
    await bench.grants(7n, 5_000);
    bench.lessor.stop();
    await bench.after(5_000);
    expect([bench.taken(), bench.clock.armed]).toEqual([[], 0]);
  });
});

test("deadlines come up in their order, also among thousands that were kept alive, dropped and granted anew (random)", () => {
  const deadlines = new LeaseDeadlines();
  const wanted = new Map<bigint, number>();
  let state = 12_345;
  const below = (count: number): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % count;
  for (let now = 0; now < 20_000; now += 1) {
    const id = BigInt(1 + below(300));
    const ttlMs = 100 + Number(id) * 7;
    const kind = below(4);
    if (kind === 0) {
      deadlines.hold({ id, ttlMs, grantIndex: now + 1, keys: 0 }, now);
      wanted.set(id, now + ttlMs);
    } else if (kind === 1) {
      deadlines.drop(id);
      wanted.delete(id);
    } else if (deadlines.extend(id, now) !== undefined) wanted.set(id, now + ttlMs);
    const over = deadlines.takeOver(now).map((lease) => lease.id);
    const due = [...wanted].filter(([, deadline]) => deadline <= now).map(([lease]) => lease);
    expect(new Set(over)).toEqual(new Set(due));
    expect(over).toHaveLength(due.length);
    for (const lease of due) wanted.delete(lease);
    for (const lease of over) deadlines.drop(lease);
    const earliest = Math.min(...wanted.values());
    expect(deadlines.earliest ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(earliest);
  }
});
