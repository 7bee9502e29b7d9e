// Reads that share a round, waiters for an index or a leader, and rare requests that are answered by ticket.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Milestones } from "../../src/host/milestones.ts";
import { Operations } from "../../src/host/operations.ts";
import { Reads } from "../../src/host/reads.ts";
import { Waiters } from "../../src/host/waiters.ts";
import { codeOf, idOf, watch } from "./support/members.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const late = (): RaftctlError => new RaftctlError("NO_LEADER", "too late");

function join(reads: Reads, deadline = 1_000): { watched: ReturnType<typeof watch<number>>; began: boolean } {
  let began = false;
  const watched = watch(reads.join(deadline, () => (began = true)));
  return { watched, began };
}

test("all reads that come before a round begins share it, and later ones get another (diss. §6.4)", async () => {
  const reads = new Reads();
  const [first, second] = [join(reads), join(reads)];
  expect([first.began, second.began, reads.unbegun]).toEqual([true, false, true]);
  expect(reads.begin(1)).toBe(true);
  const third = join(reads);
  expect(third.began).toBe(true);
  reads.confirmed(1, 5, 5);
  await flush();
  expect([first.watched.value, second.watched.value, third.watched.state]).toEqual([5, 5, "pending"]);
  expect(reads.waiting).toBe(1);
});

test("no round begins for nobody", () => {
  expect(new Reads().begin(1)).toBe(false);
});

test("a confirmed read waits until the state machine has reached its index (H23)", async () => {
  const reads = new Reads();
  const { watched } = join(reads);
  reads.begin(1);
  reads.confirmed(1, 5, 4);
  await flush();
  expect(watched.state).toBe("pending");
  reads.applied(4);
  await flush();
  expect(watched.state).toBe("pending");
  reads.applied(6);
  await flush();
  expect(watched.value).toBe(5);
  expect(reads.waiting).toBe(0);
});

test("a read whose round is refused rejects, and a late confirmation of it changes nothing (H22)", async () => {
  const reads = new Reads();
  const { watched } = join(reads);
  reads.begin(1);
  expect(reads.refused(2, late())).toBe(false);
  expect(reads.refused(1, new RaftctlError("NOT_LEADER", "deposed"))).toBe(true);
  reads.confirmed(1, 5, 5);
  await flush();
  expect(watched.error?.code).toBe("NOT_LEADER");
});

test("reads end at their deadline, asked or confirmed", async () => {
  const reads = new Reads();
  const asked = join(reads, 100);
  reads.begin(1);
  const confirmed = join(reads, 200);
  reads.begin(2);
  reads.confirmed(2, 9, 8);
  reads.expire(100, late);
  await flush();
  expect([asked.watched.error?.code, confirmed.watched.state]).toEqual(["NO_LEADER", "pending"]);
  reads.expire(200, late);
  await flush();
  expect([confirmed.watched.error?.code, reads.waiting]).toEqual(["NO_LEADER", 0]);
});

test("when the node stops, every read rejects: before its round, during it, and after it", async () => {
  const reads = new Reads();
  const confirmed = join(reads);
  reads.begin(1);
  reads.confirmed(1, 9, 8);
  const asked = join(reads);
  reads.begin(2);
  const unbegun = join(reads);
  reads.failAll(new RaftctlError("STOPPED", "stopping"));
  await flush();
  for (const { watched } of [confirmed, asked, unbegun]) expect(watched.error?.code).toBe("STOPPED");
  expect(reads.waiting).toBe(0);
});

test("waiters resolve when their condition holds, end at their deadline, and fail together", async () => {
  const waiters = new Waiters<number>();
  const [low, high, slow] = [1, 5, 9].map((goal) => watch(waiters.until((value) => value >= goal, goal * 100, late)));
  waiters.tell(1);
  await flush();
  expect([low!.value, high!.state, waiters.size]).toEqual([1, "pending", 2]);
  waiters.expire(499);
  waiters.expire(500);
  await flush();
  expect([high!.error?.code, slow!.state]).toEqual(["NO_LEADER", "pending"]);
  waiters.failAll(new RaftctlError("STOPPED", "stopping"));
  await flush();
  expect([slow!.error?.code, waiters.size]).toEqual(["STOPPED", 0]);
});

test("milestones tell commit, apply and leader apart, each with an error that says what was waited for (S119)", async () => {
  const clock = new VirtualClock();
  const milestones = new Milestones(clock);
  const committed = watch(milestones.untilCommitted(5, 100));
  const applied = watch(milestones.untilApplied(5, 100));
  const leader = watch(milestones.untilLeader(100));
  milestones.committed(5);
  milestones.leaderChanged(undefined);
  await flush();
  expect([committed.value, applied.state, leader.state]).toEqual([5, "pending", "pending"]);
  milestones.expire(clock.now() + 99);
  await flush();
  expect(milestones.waiting).toBe(2);
  milestones.expire(clock.now() + 100);
  await flush();
  expect([applied.error?.code, applied.error?.message]).toEqual(["TIMEOUT", "waited 100 ms for index 5 to be applied"]);
  expect([leader.error?.code, leader.error?.message]).toEqual(["NO_LEADER", "waited 100 ms for a leader"]);
});

test("a leader that appears ends the wait for one", async () => {
  const milestones = new Milestones(new VirtualClock());
  const leader = watch(milestones.untilLeader(100));
  milestones.leaderChanged(idOf(2));
  await flush();
  expect(leader.value).toBe(idOf(2));
});

test("an operation is answered by its ticket once, a refusal rejects with its code and names the leader", async () => {
  const operations = new Operations();
  const done = operations.wait(1);
  const refused = operations.wait(2);
  expect(operations.answered({ kind: "replicated", ticket: 3, index: 9 })).toBe(false);
  expect(operations.answered({ kind: "replicated", ticket: 1, index: 9 })).toBe(true);
  expect(operations.answered({ kind: "replicated", ticket: 1, index: 9 })).toBe(false);
  operations.answered({ kind: "refused", ticket: 2, code: "NOT_LEADER", reason: "no", leader: idOf(3) });
  expect(await done).toEqual({ kind: "replicated", ticket: 1, index: 9 });
  await expect(refused).rejects.toMatchObject({ code: "NOT_LEADER", details: { leader: idOf(3) } });
  const pending = operations.wait(4);
  operations.failAll(new RaftctlError("STOPPED", "stopping"));
  expect(await codeOf(pending)).toBe("STOPPED");
});
