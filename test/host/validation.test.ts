// Validation before the append (S33-S36) as an embedder has it: a validator of its own, on the leader, with everything that was proposed before in its view.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { CommandValidator, LeaderLog, Verdict } from "../../src/host/validation.ts";
import { Cluster, electionTimeout, type ClusterNode, type ClusterOptions } from "./support/cluster.ts";
import { bytes, text, watch } from "./support/members.ts";

const soon = { waitFor: "applied", timeoutMs: 5_000 } as const;
const refusal = new RaftctlError("REJECTED", "no letter may come twice", { details: { letter: "a", nested: { first: 2 } }, hint: "choose another" });

/** What the log has beyond what is applied, as the validator sees it. */
function tailOf(log: LeaderLog): string[] {
  return log.entriesBetween(log.lastApplied + 1, log.lastIndex).filter(({ type }) => type === 1).map(({ data }) => text(data));
}

async function validated(validate: (command: string, tail: string[], node: ClusterNode) => Verdict, options: ClusterOptions = {}): Promise<Cluster> {
  const validator = (node: ClusterNode): CommandValidator => ({ validate: (command, log) => validate(text(command), tailOf(log), node) });
  return Cluster.led({ ...options, validator });
}

/** Every command once. */
const once = (command: string, tail: string[], node: ClusterNode): Verdict => (tail.includes(command) || node.commands.includes(command) ? refusal : undefined);

function refusedWith(error: unknown): unknown {
  const { code, message, details, hint, retryable } = error as RaftctlError;
  return { code, message, details, hint, retryable };
}

for (const variant of ["at once", "promises"] as const) {
  test(`a refused write sends nothing, enters no log, and arrives whole through a follower, with storage that answers ${variant} (S33, S34, S36, S37)`, async () => {
    const cluster = await validated(once, { variant });
    await cluster.write("a");
    await cluster.converge();
    await cluster.clock.advance(10);
    const { hub, leader, followers, nodes } = cluster;
    const before = nodes.map(({ raft }) => raft.core.lastIndex);
    const sent = hub.calls.length;
    const here = watch(leader.raft.propose(bytes("a"), soon));
    await cluster.clock.settle();
    expect(hub.calls.slice(sent)).toEqual([]);
    const there = watch(followers[0]!.gateway.propose(bytes("a"), soon));
    await cluster.clock.until(() => there.state !== "pending", "the follower is answered");
    expect(hub.calls.slice(sent).map(({ name }) => name).filter((name) => name !== "propose")).toEqual([]);
    for (const { error } of [here, there]) {
      expect(refusedWith(error)).toEqual({ code: "REJECTED", message: refusal.message, details: refusal.details, hint: refusal.hint, retryable: false });
    }
    expect(nodes.map(({ raft }) => raft.core.lastIndex)).toEqual(before);
    cluster.stop();
  });
}

test("writes of one turn see each other, and the log that was inherited: of two that exclude each other exactly one comes in (S35)", async () => {
  const cluster = await validated(once);
  const { leader, followers, hub } = cluster;
  const writes = ["a", "a", "b", "a", "b"].map((command) => watch(leader.raft.propose(bytes(command), soon)));
  await cluster.clock.until(() => writes.every(({ state }) => state !== "pending"), "all are answered");
  expect(writes.map(({ state }) => state)).toEqual(["resolved", "rejected", "resolved", "rejected", "rejected"]);
  // Replicated, and not known to be committed when the leader changes.
  hub.fate = ({ name, from }) => (name === "appendEntries" && from !== leader.id ? "drop" : "deliver");
  const [next] = followers;
  next!.storage.machine.close();
  watch(leader.raft.propose(bytes("c"), soon));
  await cluster.clock.until(() => next!.raft.core.lastIndex === leader.raft.core.lastIndex, "the follower holds it");
  hub.isolate(leader.id);
  hub.fate = () => "deliver";
  await cluster.clock.until(() => followers.some(({ raft }) => raft.core.role === "leader"), "another one leads");
  const led = followers.find(({ raft }) => raft.core.role === "leader")!;
  const late = watch(led.raft.propose(bytes("c"), soon));
  await cluster.clock.settle();
  expect(late.error?.code).toBe("REJECTED");
  next!.storage.machine.open();
  cluster.stop();
});

test("a postponed write waits without an index, and is asked about again when the entry that matters is applied", async () => {
  const cluster = await validated((command, tail) => (command === "b" && tail.includes("a") ? { untilApplied: cluster.leader.raft.core.lastIndex } : undefined));
  const { leader } = cluster;
  leader.storage.machine.close();
  const writes = ["a", "b", "c"].map((command) => watch(leader.raft.propose(bytes(command), soon)));
  await cluster.clock.advance(20);
  expect(writes.map(({ state }) => state)).toEqual(["pending", "pending", "pending"]);
  leader.storage.machine.open();
  await cluster.clock.until(() => writes.every(({ state }) => state === "resolved"), "all are applied", 100);
  expect(leader.commands).toEqual(["a", "c", "b"]);
  cluster.stop();
});

test("a postponed write ends with its deadline or with leadership, surely not applied, and is never applied afterwards", async () => {
  let postponed: Verdict = { untilApplied: Number.POSITIVE_INFINITY };
  const cluster = await validated((command) => (command === "later" ? postponed : undefined));
  const { leader, followers, hub } = cluster;
  const late = watch(leader.raft.propose(bytes("later"), { waitFor: "applied", timeoutMs: 200 }));
  await cluster.clock.advance(300);
  expect([late.error?.code, late.error?.message]).toEqual(["TIMEOUT", "the proposal did not enter the log in time; it was not applied"]);
  postponed = undefined;
  await cluster.clock.advance(300);
  expect([leader.raft.core.role, leader.commands]).toEqual(["leader", []]);
  postponed = { untilApplied: Number.POSITIVE_INFINITY };
  const orphan = watch(leader.raft.propose(bytes("later"), soon));
  hub.isolate(leader.id);
  await cluster.clock.until(() => leader.raft.core.role !== "leader", "leadership is lost");
  await cluster.clock.until(() => orphan.state !== "pending", "it is answered", 100);
  expect(orphan.error?.code).toBe("NOT_LEADER");
  postponed = undefined;
  hub.heal();
  await cluster.elect();
  const stopped = watch(cluster.leader.raft.propose(bytes("later"), soon));
  await cluster.clock.until(() => stopped.state !== "pending", "it is answered");
  await cluster.converge();
  expect([stopped.state, ...followers.map(({ commands }) => commands)]).toEqual(["resolved", ["later"], ["later"]]);
  cluster.stop();
});

test("a validator is asked by the leader alone, and a node that stops tells those who were postponed", async () => {
  const asked: string[] = [];
  const cluster = await validated((_command, _tail, node) => {
    asked.push(node.id);
    return { untilApplied: Number.POSITIVE_INFINITY };
  });
  const { leader, followers } = cluster;
  const waiting = [watch(followers[0]!.gateway.propose(bytes("x"), soon)), watch(leader.raft.propose(bytes("y"), soon))];
  await cluster.clock.advance(electionTimeout / 2);
  expect(new Set(asked)).toEqual(new Set([leader.id]));
  expect(asked.length).toBeGreaterThan(4);
  leader.host.stop();
  await cluster.clock.settle();
  expect(waiting[1]!.error?.code).toBe("STOPPED");
  cluster.stop();
});

test("a validator that fails refuses the write and harms nobody; storage that fails under it stops the node (S33)", async () => {
  let failure: Error = new TypeError("cannot read properties of undefined");
  const cluster = await validated((command) => {
    if (command === "bad") throw failure;
    return undefined;
  });
  const { leader } = cluster;
  const bad = watch(leader.raft.propose(bytes("bad"), soon));
  const good = watch(leader.raft.propose(bytes("good"), soon));
  await cluster.clock.until(() => good.state !== "pending", "the other write is answered");
  expect([bad.error?.code, bad.error?.message, good.state]).toEqual(["INTERNAL", "the validator failed, and nothing was written: cannot read properties of undefined", "resolved"]);
  expect([leader.fatal, leader.commands]).toEqual([[], ["good"]]);
  failure = new RaftctlError("CORRUPT", "a record fails its checksum");
  const last = watch(leader.raft.propose(bytes("bad"), soon));
  await cluster.clock.settle();
  expect([last.error?.code, leader.fatal]).toEqual(["STOPPED", [failure]]);
  cluster.stop();
});
