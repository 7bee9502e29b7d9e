// What a caller waits for (S44, S45, S119, U7): commitment and application apart, with the state machine held.

import { expect, test } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { bytes, watch } from "./support/members.ts";

const soon = { timeoutMs: 5_000 } as const;

test("with apply blocked a write that waits for commitment returns, and one that waits for application waits (S44, S45)", async () => {
  const cluster = await Cluster.led();
  const { raft, storage } = cluster.leader;
  storage.machine.close();
  const first = watch(raft.propose(bytes("a"), { waitFor: "applied", ...soon }));
  const second = watch(raft.propose(bytes("b"), { waitFor: "committed", ...soon }));
  await cluster.clock.advance(100);
  // The first one holds the state machine; the second one is committed behind it all the same.
  const third = watch(raft.propose(bytes("c"), { waitFor: "committed", ...soon }));
  await cluster.clock.advance(100);
  expect([first.state, second.state, third.state]).toEqual(["pending", "resolved", "resolved"]);
  expect(third.value!.index).toBe(raft.core.commitIndex);
  storage.machine.open();
  await cluster.clock.advance(100);
  expect(first.state).toBe("resolved");
  cluster.stop();
});

test("a write that was answered as committed survives the immediate crash of its leader (S44)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  leader.storage.machine.close();
  const { index } = await cluster.run(leader.raft.propose(bytes("kept"), { waitFor: "committed", ...soon }));
  cluster.crash(leader);
  const next = await cluster.elect(followers);
  await cluster.converge(followers);
  expect(next.raft.core.lastApplied).toBeGreaterThanOrEqual(index);
  for (const follower of followers) expect(follower.commands).toEqual(["kept"]);
  cluster.stop();
});

test("waitForCommit is told of a commit even while the state machine is held (S119)", async () => {
  const cluster = await Cluster.led();
  const { raft, storage } = cluster.leader;
  storage.machine.close();
  void watch(raft.propose(bytes("a"), { waitFor: "committed", ...soon }));
  await cluster.clock.advance(50);
  const wanted = raft.core.lastIndex + 1;
  const waiting = watch(raft.waitForCommit(wanted, 5_000));
  void watch(raft.propose(bytes("b"), { waitFor: "committed", ...soon }));
  await cluster.clock.advance(50);
  expect(waiting.value).toBe(wanted);
  cluster.stop();
});

test("waitForCommit and waitForApplied end at their timeout, and at once for what is there already (S119)", async () => {
  const cluster = await Cluster.led();
  const { raft } = cluster.leader;
  const { index } = await cluster.write("a");
  expect(await raft.waitForCommit(index, 0)).toBeGreaterThanOrEqual(index);
  expect(await raft.waitForApplied(index, 0)).toBeGreaterThanOrEqual(index);
  const [commit, applied] = [watch(raft.waitForCommit(index + 1, 300)), watch(raft.waitForApplied(index + 1, 300))];
  await cluster.clock.advance(299);
  expect([commit.state, applied.state]).toEqual(["pending", "pending"]);
  await cluster.clock.advance(101);
  expect([commit.error?.code, applied.error?.code]).toEqual(["TIMEOUT", "TIMEOUT"]);
  cluster.stop();
});

test("a read on any member may demand an index that a write has returned (U7)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  const behind = followers[0]!;
  hub.cut(leader.id, behind.id);
  const { index } = await cluster.write("a");
  const waiting = watch(behind.raft.waitForApplied(index, 5_000));
  await cluster.clock.advance(200);
  expect([waiting.state, behind.commands]).toEqual(["pending", []]);
  hub.heal();
  await cluster.clock.advance(1_000);
  expect([waiting.state, behind.commands]).toEqual(["resolved", ["a"]]);
  cluster.stop();
});

for (const variant of ["at once", "promises"] as const) {
  test(`who is told that an index is applied can ask for it again at once, with storage that answers ${variant} (S23, U7)`, async () => {
    const cluster = await Cluster.led({ variant });
    const { raft } = cluster.leader;
    // No turn of the region lies between the answer and the question.
    const again = watch(raft.propose(bytes("a"), { waitFor: "applied", ...soon }).then(({ index }) => raft.waitForApplied(index, 100)));
    await cluster.clock.advance(500);
    expect(again.error).toBeUndefined();
    expect(again.state).toBe("resolved");
    cluster.stop();
  });
}
