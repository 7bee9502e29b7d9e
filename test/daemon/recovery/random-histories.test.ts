// The promise of a plan, against what really happened: hundreds of random histories are ended by the loss of a majority, and whatever was committed
// and is gone must be within what the plan said may be lost.

import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { encodeMembership } from "../../../src/raft/membership-codec.ts";
import { checkPeerHello } from "../../../src/wire/handshake.ts";
import { planRecovery, type RecoveryPlan } from "../../../src/daemon/recovery/recovery-plan.ts";
import { isEmpty, termAt, type Survivor } from "../../../src/daemon/recovery/survivor.ts";
import { Cluster } from "../../raft/harness/cluster.ts";
import { idOf, nameOf } from "../../raft/harness/members.ts";
import { clusterId, History, survivorOf } from "./histories.ts";

interface Remains {
  readonly history: History;
  readonly survivors: readonly Survivor[];
  readonly plan: RecoveryPlan;
}

/** undefined when the survivors are still a majority, or were never members. */
function lose(seed: number, voters: number, lost: number): Remains | undefined {
  const history = new History(seed, voters);
  history.live(60);
  const order = history.deathOrder();
  const survivors = order.slice(lost).map((name) => survivorOf(history.cluster.server(name), history.pick([0, 0, 3, 8]))).filter((survivor) => !isEmpty(survivor));
  const dead = [...history.cluster.servers.keys()].filter((name) => !survivors.some((survivor) => survivor.name === name));
  // The spare is a member only if a change that nobody took back says so.
  const plan = planned(survivors, dead) ?? planned(survivors, dead.filter((name) => history.voters.includes(name)));
  return plan === undefined ? undefined : { history, survivors, plan };
}

function planned(survivors: readonly Survivor[], dead: readonly string[]): RecoveryPlan | undefined {
  try {
    return planRecovery({ survivors, dead, planId: "p", madeAt: "" });
  } catch (error) {
    if (error instanceof RaftctlError && (error.code === "UNSAFE" || error.code === "NOT_FOUND")) return undefined;
    throw error;
  }
}

const holds = (survivor: Survivor, index: number, term: number): boolean => index < survivor.snapshot.index || termAt(survivor, index) === term;

function reallyLost({ history, survivors, plan }: Remains): [number, number][] {
  const chosen = survivors.find(({ nodeId }) => nodeId === plan.survivor.nodeId)!;
  return [...history.committed].filter(([index, term]) => !holds(chosen, index, term));
}

const isPredicted = ({ loss }: RecoveryPlan, index: number, term: number): boolean =>
  (loss.unknownFrom !== undefined && index >= loss.unknownFrom) || loss.entries.some((range) => index >= range.from && index <= range.to && range.term === term);

test("whatever was committed and is lost was said to be at risk, for 5 nodes that lose 3, in 400 random histories (N3)", () => {
  let [plans, withLoss, raised] = [0, 0, 0];
  for (let seed = 1; seed <= 400; seed += 1) {
    const remains = lose(seed, 5, 3);
    if (remains === undefined) continue;
    plans += 1;
    // The state of one of them was ahead of what every log had recorded.
    if (remains.plan.loss.committedUpTo > Math.max(...remains.survivors.map(({ hardState }) => hardState.commitIndex))) raised += 1;
    const lost = reallyLost(remains);
    if (lost.length > 0) withLoss += 1;
    for (const [index, term] of lost) {
      expect(index, `seed ${seed}`).toBeGreaterThan(remains.plan.loss.committedUpTo);
      expect(isPredicted(remains.plan, index, term), `seed ${seed}: ${index}/${term}`).toBe(true);
    }
  }
  expect(plans).toBeGreaterThanOrEqual(200);
  expect(withLoss).toBeGreaterThan(50);
  expect(raised).toBeGreaterThan(10);
});

test("where the dead could decide nothing alone, nothing is lost but what other survivors hold and the plan lists, for 4 nodes that lose 2 (N3)", () => {
  let [plans, bounded] = [0, 0];
  for (let seed = 1; seed <= 300; seed += 1) {
    const remains = lose(seed, 4, 2);
    if (remains === undefined) continue;
    plans += 1;
    if (remains.plan.loss.unknownFrom === undefined) bounded += 1;
    for (const [index, term] of reallyLost(remains)) expect(isPredicted(remains.plan, index, term), `seed ${seed}: ${index}/${term}`).toBe(true);
  }
  expect(plans).toBeGreaterThan(100);
  expect(bounded).toBeGreaterThan(50);
});

test("the recovered survivor leads alone and commits, and a dead node that wakes up commits nothing, with or without the survivors that were not chosen (N3)", () => {
  let woken = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const remains = lose(seed, 5, 3);
    if (remains === undefined || remains.plan.dead.length !== 3) continue;
    const { history, plan, survivors } = remains;
    const chosen = nameOf(plan.survivor.nodeId);
    expect(recovered(history, plan)).toBeGreaterThan(plan.entry.index);
    woken += 1;
    const { cluster } = history;
    const awake = [history.pick(plan.dead).name, ...survivors.map(({ name }) => name)];
    cluster.heal();
    for (const server of cluster.servers.values()) if (server.up) cluster.crash(server.name);
    for (const name of awake.filter((each) => each !== chosen)) cluster.restart(name);
    cluster.drops = ({ from, to }) => isFenced(from, to, plan);
    const before = Math.max(...awake.map((name) => cluster.node(name).commitIndex));
    cluster.advance(1_000);
    for (const leader of cluster.leaders) cluster.propose(leader, "too late");
    expect(Math.max(...awake.map((name) => cluster.node(name).commitIndex)), `seed ${seed}`).toBe(before);
  }
  expect(woken).toBeGreaterThan(50);
});

/** Of the chosen survivor's log with the planned entry: its commit index after it has led alone and taken a command. */
function recovered(history: History, { survivor, entry, membership }: RecoveryPlan): number {
  const { disk } = history.cluster.server(nameOf(survivor.nodeId));
  const name = nameOf(survivor.nodeId);
  const entries = [...disk.entries, { ...entry, type: entryTypes.membership, data: encodeMembership(membership) }];
  const alone = new Cluster([name], { initial: () => ({ ...disk, entries, hardState: { ...disk.hardState, currentTerm: entry.term, votedFor: survivor.nodeId } }) });
  alone.elect(name);
  alone.propose(name, "after");
  for (const kept of entries) expect(alone.node(name).termAt(kept.index)).toBe(kept.term);
  return alone.node(name).commitIndex;
}

/** What the handshake says of two nodes of which only the chosen one was recovered. */
function isFenced(from: string, to: string, plan: RecoveryPlan): boolean {
  const identity = (name: string) => ({
    clusterId, clusterIncarnation: idOf(name) === plan.survivor.nodeId ? plan.clusterIncarnation : plan.fromIncarnation,
    nodeId: idOf(name), incarnation: 1, name, regions: [], version: "0", role: "peer" as const, expectNodeId: undefined, credentials: undefined,
  });
  try {
    checkPeerHello(identity(from), identity(to));
    return false;
  } catch {
    return true;
  }
}
