// Members that are dead for long are removed when that is wanted, by the leader, one at a time, and never too many.

import { expect, test } from "vitest";
import type { Logger } from "../../src/base/logger.ts";
import { Reaping } from "../../src/host/reaping.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout, type ClusterNode } from "./support/cluster.ts";
import { idOf, votersOf } from "./support/members.ts";

const reapAfterMs = 60_000;

interface Line {
  readonly sentence: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A cluster in which every node would remove dead members, and what they have logged about it. */
async function reapedCluster(nodes: number, minVoters: number) {
  const world = await AdministeredCluster.led({ nodes });
  const { cluster } = world;
  const warnings: Line[] = [];
  const logger = { warn: (fields: Line["fields"], sentence: string) => void warnings.push({ fields, sentence }) } as unknown as Logger;
  const watch = (node: ClusterNode): Reaping => {
    const reaping = new Reaping({
      status: () => node.raft.core.status(), change: (change) => world.memberChange(node).change(change), clock: cluster.clock, logger, reapAfterMs, minVoters, electionTimeout,
    });
    reaping.start();
    return reaping;
  };
  const reapings = new Map(cluster.nodes.map((node) => [node, watch(node)]));
  const voters = (): number => cluster.leader.raft.core.membership.voters.length;
  return { world, cluster, warnings, reapings, voters };
}

test("a voter that is silent for longer than membership.reapAfter is removed, with a warning before and after, and not a moment earlier", async () => {
  const { cluster, warnings, voters } = await reapedCluster(4, 3);
  const dead = cluster.followers[0]!;
  cluster.crash(dead);
  await cluster.clock.advance(reapAfterMs - 5_000);
  expect([voters(), warnings]).toEqual([4, []]);
  await cluster.clock.advance(30_000);
  expect(cluster.leader.raft.core.membership.voters).not.toContain(dead.id);
  expect(voters()).toBe(3);
  expect(warnings.map(({ sentence }) => sentence)).toEqual(["a member that has been dead for longer than membership.reapAfter is removed", "the dead member was removed"]);
  expect(warnings[0]!.fields).toMatchObject({ member: `n${dead.id}`, peer: dead.id, voters: 4 });
  cluster.stop();
});

test("two dead voters go one after the other, each when the removal before it is committed", async () => {
  const { cluster, voters, warnings } = await reapedCluster(7, 3);
  const { leader } = cluster;
  const seen: string[] = [];
  leader.onEvent = (event) => {
    if (event.kind === "membershipAppended") seen.push(`${leader.raft.core.membership.voters.length} from ${leader.raft.core.membership.votersOutgoing.length}`);
  };
  for (const dead of cluster.followers.slice(0, 2)) cluster.crash(dead);
  await cluster.clock.advance(2 * reapAfterMs);
  expect(voters()).toBe(5);
  expect(seen).toEqual(["6 from 7", "6 from 0", "5 from 6", "5 from 0"]);
  expect(warnings).toHaveLength(4);
  cluster.stop();
});

test("it stops at membership.minVoters voters that are up, and says once why (PRODUCT row 24)", async () => {
  const { cluster, voters, warnings } = await reapedCluster(4, 3);
  for (const dead of cluster.followers.slice(0, 1)) cluster.crash(dead);
  await cluster.clock.advance(2 * reapAfterMs);
  expect(voters()).toBe(3);
  const before = warnings.length;
  cluster.crash(cluster.followers.find((node) => cluster.hub.listens(node.id))!);
  await cluster.clock.advance(5 * reapAfterMs);
  expect(voters()).toBe(3);
  expect(warnings.slice(before).map(({ sentence, fields }) => `${sentence}: ${String(fields["reason"])}`)).toEqual([
    "a member seems to be dead and is not removed: only 2 other voters are up and hold the log, membership.minVoters is 3",
  ]);
  cluster.stop();
});

test("a voter that has not caught up is not counted among those that stay", async () => {
  const { world, cluster, voters } = await reapedCluster(4, 3);
  const [dead, late] = [cluster.followers[0]!, cluster.followers[1]!];
  const { leader } = cluster;
  const real = leader.raft.core.status.bind(leader.raft.core);
  const warnings: string[] = [];
  // The leader's view, with one voter that answers and lacks the log.
  const status = () => {
    const found = real();
    return { ...found, commitIndex: found.commitIndex + 5_000, peers: found.peers.map((peer) => (peer.id === late.id ? peer : { ...peer, matchIndex: peer.matchIndex + 5_000 })) };
  };
  const reaping = new Reaping({
    status, change: (change) => world.memberChange(leader).change(change), clock: cluster.clock, reapAfterMs: 20_000, minVoters: 3, electionTimeout,
    logger: { warn: (fields: Line["fields"]) => void warnings.push(String(fields["reason"])) } as unknown as Logger,
  });
  reaping.start();
  cluster.crash(dead);
  await cluster.clock.advance(50_000);
  expect([voters(), warnings]).toEqual([4, ["only 2 other voters are up and hold the log, membership.minVoters is 3"]]);
  reaping.stop();
  cluster.stop();
});

test("a new leader waits the whole time again", async () => {
  const { cluster, voters, warnings } = await reapedCluster(5, 3);
  const dead = cluster.followers[0]!;
  cluster.crash(dead);
  await cluster.clock.advance(reapAfterMs - 10_000);
  const next = cluster.followers.find(({ id }) => id !== dead.id)!;
  await cluster.run(cluster.leader.raft.transferLeadership(next.id));
  await cluster.clock.advance(reapAfterMs - 10_000);
  expect([voters(), warnings]).toEqual([5, []]);
  await cluster.clock.advance(30_000);
  expect(voters()).toBe(4);
  cluster.stop();
});

interface View {
  readonly lastContact?: (number: number, now: number) => number | undefined;
  /** Whether the leader has this one among its peers. */
  readonly present?: (number: number, now: number) => boolean;
  readonly status?: object | ((now: number) => object);
  readonly minVoters?: number;
  readonly halted?: (now: number) => boolean;
  /** How long a removal takes. */
  readonly removalMs?: number;
  readonly warn?: (fields: Line["fields"], sentence: string) => void;
}

/** A leader of four as it sees itself, the last voter dead since the beginning; looked at when the clock has moved. */
function lookedAt(view: View = {}) {
  let now = 1_000;
  const timers: (() => void)[] = [];
  const removed: unknown[] = [];
  const contact = view.lastContact ?? ((number: number) => (number === 4 ? 1_000 : now));
  const status = () => ({
    id: idOf(1), role: "leader", currentTerm: 3, termCommitted: true, commitIndex: 10, membershipIndex: 1, membership: votersOf(1, 2, 3, 4),
    ...(typeof view.status === "function" ? view.status(now) : view.status),
    peers: [2, 3, 4].filter((number) => view.present?.(number, now) ?? true).map((number) => ({ id: idOf(number), matchIndex: 10, nextIndex: 11, state: "replicate", lastContact: contact(number, now) })),
  });
  const change = async (wanted: unknown): Promise<void> => {
    removed.push(wanted);
    now += view.removalMs ?? 0;
  };
  const reaping = new Reaping({
    status: () => (view.halted?.(now) === true ? undefined : (status() as never)), change, reapAfterMs, minVoters: view.minVoters ?? 1, electionTimeout,
    clock: { now: () => now, at: (_time: number, call: () => void) => (timers.push(call), { cancel: () => undefined }) } as never,
    logger: { warn: view.warn ?? (() => undefined) } as never,
  });
  reaping.start();
  /** @returns whether it will look again */
  const tryLook = async (afterMs: number): Promise<boolean> => {
    now += afterMs;
    timers.shift()!();
    // The look ends in the same turn, some promises later.
    for (let count = 0; count < 50 && timers.length === 0; count += 1) await Promise.resolve();
    return timers.length === 1;
  };
  const look = async (afterMs: number): Promise<void> => expect(await tryLook(afterMs)).toBe(true);
  return { removed, reaping, look, tryLook };
}

async function lookTwentyTimes(look: (afterMs: number) => Promise<void>): Promise<void> {
  for (let count = 0; count < 20; count += 1) await look(6_000);
}

test("a leader that has halted over its state hears nobody, and takes nobody for dead because of that (S42)", async () => {
  const { removed, look } = lookedAt({ halted: (now) => now > 30_000 });
  await lookTwentyTimes(look);
  expect(removed).toEqual([]);
});

test("a leader that was paused does not take the time in which it heard nobody for theirs", async () => {
  const { removed, look } = lookedAt();
  for (const pause of [6_000, 3 * reapAfterMs]) await look(pause);
  expect(removed).toEqual([]);
  await lookTwentyTimes(look);
  expect(removed[0]).toEqual({ remove: ["4"] });
});

test("a member that was added a while ago and never heard of is silent since then, not since this node leads", async () => {
  const late = 500_000;
  // Of 4 nothing was ever heard, and it is in the membership only since then.
  const { removed, look } = lookedAt({ lastContact: (number, now) => (number === 4 ? undefined : now), present: (number, now) => number !== 4 || now > late });
  for (let count = 0; count < 100; count += 1) await look(6_000);
  expect(removed.length).toBeGreaterThan(0);
  const early = lookedAt({ lastContact: (number, now) => (number === 4 ? undefined : now), present: (number, now) => number !== 4 || now > late });
  for (let now = 1_000; now < late + reapAfterMs - 6_000; now += 6_000) await early.look(6_000);
  expect(early.removed).toEqual([]);
});

test("a member that was removed and comes again is silent since it came again", async () => {
  const away = [200_000, 500_000] as const;
  const { removed, look } = lookedAt({
    lastContact: (number, now) => (number === 4 && now > away[1] ? undefined : now), present: (number, now) => number !== 4 || now < away[0] || now > away[1],
  });
  for (let now = 1_000; now < away[1] + reapAfterMs - 6_000; now += 6_000) await look(6_000);
  expect(removed).toEqual([]);
  await lookTwentyTimes(look);
  expect(removed[0]).toEqual({ remove: ["4"] });
});

test("nobody is removed when those that stay and may lead are no majority: the longest log might be with one that may not (S96)", async () => {
  const without = (...ineligible: number[]): object => {
    const membership = votersOf(1, 2, 3, 4);
    return { membership: { ...membership, members: membership.members.map((member) => ({ ...member, masterEligible: !ineligible.includes(Number(member.id)) })) } };
  };
  const warnings: unknown[] = [];
  const two = lookedAt({ status: without(2, 3), warn: ({ reason }) => void warnings.push(reason) });
  await lookTwentyTimes(two.look);
  expect([two.removed, warnings]).toEqual([[], ["of the 3 other voters only 1 may lead, which are no majority"]]);
  const one = lookedAt({ status: without(2) });
  await lookTwentyTimes(one.look);
  expect(one.removed[0]).toEqual({ remove: ["4"] });
});

test("nobody is removed when those that stay could decide nothing, whatever minVoters says", async () => {
  // Of the three that would stay only this node is up.
  const silentOthers = lookedAt({ lastContact: (number, now) => (number === 4 ? 1_000 : now - 10 * electionTimeout) });
  await lookTwentyTimes(silentOthers.look);
  expect(silentOthers.removed).toEqual([]);
});

for (const [what, status] of [
  ["a change of the membership is not committed", { membershipIndex: 11 }],
  ["the membership is joint", { membership: { ...votersOf(1, 2, 3, 4), votersOutgoing: [1, 2, 3].map(idOf) } }],
  ["the leader has not committed anything of its term", { termCommitted: false }],
  ["this node does not lead", { role: "follower" }],
] as const) {
  test(`nobody is removed while ${what}`, async () => {
    const { removed, look } = lookedAt({ status });
    await lookTwentyTimes(look);
    expect(removed).toEqual([]);
  });
}

test("a leader that was deposed and leads again in another term waits the whole time again", async () => {
  const { removed, look } = lookedAt({ status: (now) => ({ currentTerm: now < 55_000 ? 3 : 5 }) });
  for (let count = 0; count < 18; count += 1) await look(6_000);
  expect(removed).toEqual([]);
  await lookTwentyTimes(look);
  expect(removed[0]).toEqual({ remove: ["4"] });
});

test("of several dead members the one that is dead for longest goes first", async () => {
  const { removed, look } = lookedAt({ lastContact: (number, now) => (number === 2 ? now : number === 3 ? 20_100 : 20_000), status: { membership: { ...votersOf(1, 2), learners: [3, 4].map(idOf) } } });
  await lookTwentyTimes(look);
  expect(removed[0]).toEqual({ remove: ["4"] });
});

test("a removal that takes long is no pause: the next dead member does not wait for it again", async () => {
  const seconds = { removalMs: 30_000, lastContact: (number: number, now: number) => (number === 2 ? now : 1_000) };
  const { removed, look } = lookedAt({ ...seconds, status: { membership: { ...votersOf(1, 2), learners: [3, 4].map(idOf) } } });
  for (let count = 0; count < 12; count += 1) await look(6_000);
  expect(removed).toHaveLength(2);
});

test("a dead learner goes also when a voter could not be spared", async () => {
  const { removed, look } = lookedAt({ minVoters: 3, status: { membership: { ...votersOf(1, 2), learners: [3, 4].map(idOf) } } });
  await lookTwentyTimes(look);
  expect(removed[0]).toEqual({ remove: ["4"] });
});

test("of one that came back and went again it is said again why it stays", async () => {
  const said: unknown[] = [];
  const { look } = lookedAt({
    minVoters: 4, warn: ({ peer }) => void said.push(peer), lastContact: (number, now) => (number !== 4 || (now > 200_000 && now < 300_000) ? now : now < 300_000 ? 1_000 : 300_000),
  });
  for (let count = 0; count < 30; count += 1) await look(6_000);
  expect(said).toEqual(["4"]);
  for (let count = 0; count < 60; count += 1) await look(6_000);
  expect(said).toEqual(["4", "4"]);
});

test("a look that is under way when it is stopped is the last one", async () => {
  const { removed, look, reaping, tryLook } = lookedAt();
  for (let count = 0; count < 10; count += 1) await look(6_000);
  reaping.stop();
  expect(await tryLook(6_000)).toBe(false);
  expect(removed).toHaveLength(1);
});

test("a dead learner goes too: it never counted", async () => {
  const { world, cluster } = await reapedCluster(3, 3);
  const learner = await cluster.add(idOf(9));
  await cluster.run(world.memberChange().admit(world.request(9, { role: "learner" })));
  await cluster.clock.advance(1_000);
  expect(cluster.leader.raft.core.membership.learners).toEqual([idOf(9)]);
  cluster.crash(learner);
  await cluster.clock.advance(2 * reapAfterMs);
  expect(cluster.leader.raft.core.membership.learners).toEqual([]);
  cluster.stop();
});
