// Leadership transfers while everybody writes: they succeed quickly or are given up in time, and no write is lost, doubled or kept waiting.

import { expect, test } from "vitest";
import { Cluster, electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { bytes, watch, type Watched } from "./support/members.ts";

const applied = { waitFor: "applied", timeoutMs: 10 * electionTimeout } as const;

/** Clients of every node, each with one write at a time. */
class Load {
  readonly #cluster: Cluster;
  readonly #through: readonly ClusterNode[];
  readonly writes: { readonly text: string; readonly outcome: Watched<unknown>; readonly began: number }[] = [];
  /** When a write was answered, ms. */
  readonly answeredAt: number[] = [];
  #going = true;

  constructor(cluster: Cluster, through: readonly ClusterNode[] = cluster.nodes) {
    this.#cluster = cluster;
    this.#through = through;
    for (const node of through) this.#next(node);
  }

  #next(node: ClusterNode): void {
    if (!this.#going) return;
    const text = `w${this.writes.length}`;
    const { clock } = this.#cluster;
    const done = node.gateway.propose(bytes(text), applied);
    this.writes.push({ text, outcome: watch(done), began: clock.now() });
    const again = (): void => {
      this.answeredAt.push(clock.now());
      clock.at(clock.now() + 2, () => this.#next(node));
    };
    done.then(again, again);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#cluster.clock.until(() => this.writes.every(({ outcome }) => outcome.state !== "pending"), "every write is answered");
  }

  /** The longest time in which nobody was answered, between these moments, ms. */
  longestGap(from: number, to: number): number {
    const times = [from, ...this.answeredAt.filter((time) => time > from && time < to), to];
    return Math.max(...times.slice(1).map((time, position) => time - times[position]!));
  }

  /** Each write that was answered well is applied once, in the same order everywhere, and nothing is applied twice. */
  async expectExactlyOnce(): Promise<void> {
    await this.stop();
    await this.#cluster.converge();
    const { commands } = this.#cluster.leader;
    for (const node of this.#through) expect(node.commands).toEqual(commands);
    expect(new Set(commands).size).toBe(commands.length);
    const resolved = this.writes.filter(({ outcome }) => outcome.state === "resolved").map(({ text }) => text);
    expect(resolved.filter((text) => !commands.includes(text))).toEqual([]);
    expect(resolved.length).toBeGreaterThan(20);
  }
}

test("leadership goes round many times under load: each time within 0.3 election timeouts, and every write succeeds exactly once (H31, H20)", async () => {
  const cluster = await Cluster.led();
  const { clock } = cluster;
  const load = new Load(cluster);
  for (let round = 0; round < 12; round += 1) {
    await clock.advance(60);
    const before = clock.now();
    const target = cluster.followers[round % 2]!;
    await cluster.run(cluster.leader.raft.transferLeadership(target.id));
    expect([clock.now() - before < 0.3 * electionTimeout, cluster.leader.id]).toEqual([true, target.id]);
    await clock.advance(60);
    expect(load.longestGap(before, clock.now())).toBeLessThan(0.3 * electionTimeout);
  }
  await load.expectExactlyOnce();
  expect(load.writes.filter(({ outcome }) => outcome.state === "rejected")).toEqual([]);
  cluster.stop();
});

test("a transfer under load whose TimeoutNow is lost is given up after one election timeout, and the same leader goes on with every write (H31)", async () => {
  const cluster = await Cluster.led();
  const { clock, leader, followers, hub } = cluster;
  const { currentTerm } = leader.raft.core;
  const load = new Load(cluster);
  await clock.advance(50);
  hub.fate = ({ name }) => (name === "timeoutNow" ? "drop" : "deliver");
  const before = clock.now();
  const transfer = watch(leader.raft.transferLeadership(followers[0]!.id));
  await clock.until(() => transfer.state !== "pending", "the transfer is given up", 2 * electionTimeout);
  expect([transfer.error?.code, leader.raft.core.role, leader.raft.core.currentTerm]).toEqual(["TRANSFER_FAILED", "leader", currentTerm]);
  expect(clock.now() - before).toBeLessThanOrEqual(1.1 * electionTimeout);
  await clock.advance(200);
  expect(load.longestGap(before, clock.now())).toBeLessThan(1.2 * electionTimeout);
  await load.expectExactlyOnce();
  expect(load.writes.filter(({ outcome }) => outcome.state === "rejected")).toEqual([]);
  cluster.stop();
});

test("a target that is paused when its TimeoutNow comes delays writes by one election timeout, and loses none when it obeys late (H31)", async () => {
  const cluster = await Cluster.led();
  const { clock, leader, followers, hub } = cluster;
  const [target, other] = followers as [ClusterNode, ClusterNode];
  const load = new Load(cluster, [leader, other]);
  await clock.advance(50);
  // What reaches it while it is stopped waits in its sockets, TimeoutNow among it, and is handled when it goes on.
  const resumed = clock.now() + 1.5 * electionTimeout;
  let paused = false;
  hub.delayOf = ({ to, name }) => {
    if (name === "timeoutNow") paused = true;
    return paused && to === target.id ? Math.max(0, resumed - clock.now()) : 0;
  };
  hub.fate = ({ from }) => (paused && from === target.id && clock.now() < resumed ? "drop" : "deliver");
  const before = clock.now();
  const transfer = watch(leader.raft.transferLeadership(target.id));
  await clock.until(() => transfer.state !== "pending", "the transfer ends", 2 * electionTimeout);
  expect([transfer.error?.code, leader.raft.core.role]).toEqual(["TRANSFER_FAILED", "leader"]);
  await clock.advance(300);
  expect(load.longestGap(before, clock.now())).toBeLessThan(1.2 * electionTimeout);
  // The late TimeoutNow is of the leader's term, so the target obeys it, though it may lack what was written meanwhile.
  await clock.advance(4 * electionTimeout);
  expect(load.longestGap(resumed, clock.now())).toBeLessThan(2 * electionTimeout);
  await load.expectExactlyOnce();
  await cluster.converge();
  expect(target.commands).toEqual(leader.commands);
  cluster.stop();
});
