// The member verbs against real daemons: what they predict is what happens, what would brick the cluster is refused, and who was removed is told so.

import { expect, test } from "vitest";
import { History } from "../../src/cli/check/history.ts";
import type { ConfigurationReport, MemberPlanReport } from "../../src/wire/admin-protocol.ts";
import type { TestCluster } from "./support/cluster.ts";
import { freePort } from "./support/ports.ts";
import { expectLinearizable, expectNothingLost } from "./support/proof.ts";
import { fast, shippedElectionTimeoutMs } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { Traffic } from "./support/traffic.ts";
import { until } from "./support/until.ts";

async function ask(cluster: TestCluster, ...args: string[]) {
  return cluster.raftctl([...args, "--endpoint", (await cluster.leader()).endpoint, "--json"]);
}

async function votersOf(cluster: TestCluster): Promise<string[]> {
  const report = await (await cluster.leader()).region();
  return report.members.filter(({ role }) => role === "voter").map(({ name }) => name).toSorted();
}

/** A directory and ports, joined by the command line, as an operator does it on a new machine. */
async function join(cluster: TestCluster, ...flags: string[]) {
  const seed = (await cluster.leader()).peerAddress;
  const node = await cluster.newNode();
  const joined = await cluster.raftctl(["join", seed, ...cluster.identityFlags(node), ...flags, "--json"]);
  expect(joined.exit, joined.stdout).toBe(0);
  cluster.adopt(joined.json?.result?.["pid"]);
  return node;
}

test("two of five voters are replaced in one change under write load: no write waits longer than an election timeout, and the plan says before what happens (S24, N4)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ nodes: 5 });
  for (let count = 0; count < 2; count += 1) await join(cluster, "--promote", "manual");
  const leaving = cluster.nodes.slice(0, 5).filter((node) => node.name !== "n1").map(({ name }) => name).slice(0, 2);
  if ((await cluster.leader()).name !== "n1") expect((await ask(cluster, "leader", "transfer", "n1")).exit).toBe(0);
  const planned = await ask(cluster, "member", "plan", "--promote", "n6,n7", "--remove", leaving.join(","));
  expect(planned.exit, planned.stdout).toBe(0);
  const plan = planned.json?.result as unknown as MemberPlanReport & { tolerance: number[] };
  expect(plan.tolerance).toEqual([2, 2, 2]);
  const history = new History(() => performance.now());
  const traffic = new Traffic(cluster, history, { clients: 4, reads: 0.2, callTimeoutMs: 5_000 });
  const writer = cluster.client({ timeoutMs: 5_000 });
  // What the first write does besides, to connect and to find the leader, is not the change's.
  await writer.kv.put("probe", "first");
  let slowestMs = 0;
  let isChanging = true;
  const probe = (async () => {
    for (let count = 0; isChanging; count += 1) {
      const began = performance.now();
      await writer.kv.put("probe", String(count));
      slowestMs = Math.max(slowestMs, performance.now() - began);
    }
  })();
  traffic.start();
  await traffic.more(200);
  const changed = await ask(cluster, "member", "promote", "n6", "n7", "--remove", leaving.join(","), "--yes");
  expect(changed.exit, changed.stdout).toBe(0);
  await traffic.more(200);
  isChanging = false;
  await Promise.all([probe, traffic.stop()]);
  expect(slowestMs).toBeLessThan(shippedElectionTimeoutMs);
  const after = changed.json?.result?.["after"] as ConfigurationReport | undefined;
  expect(await votersOf(cluster)).toEqual(after?.voters.toSorted());
  expect(await votersOf(cluster)).toEqual(plan.after.voters.toSorted());
  expectLinearizable(history, 400);
});

test("a node that was removed says so, and what to do; joined afresh it is a member again and its old data lies aside (PRODUCT rows 10 and 13)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 4, settings: fast });
  await cluster.client().kv.put("k", "v");
  const gone = cluster.nodes.find((node) => node.name === "n4")!;
  if ((await cluster.leader()) === gone) await ask(cluster, "leader", "resign");
  const removed = await ask(cluster, "member", "remove", "n4", "--yes");
  expect(removed.exit, removed.stdout).toBe(0);
  await until("alarm of the removed node", async () => ((await gone.region()).alarms.includes("REMOVED") ? true : undefined));
  const refused = await cluster.raftctl(["get", "k", "--endpoint", gone.endpoint, "--json"]);
  expect([refused.exit, refused.json?.error?.code]).toEqual([8, "REMOVED"]);
  expect(refused.json?.error?.hint).toContain("join --fresh");
  const { term } = await (await cluster.leader()).region();
  const flags = cluster.identityFlags(gone);
  const leader = await cluster.leader();
  const locked = await cluster.raftctl(["join", leader.peerAddress, ...flags, "--fresh", "--yes", "--json"]);
  expect(locked.exit, locked.stdout).toBe(6);
  await gone.terminate();
  const kept = await cluster.raftctl(["join", leader.peerAddress, ...flags, "--json"]);
  expect([kept.exit, kept.json?.error?.code]).toEqual([6, "ALREADY_INITIALIZED"]);
  const unasked = await cluster.raftctl(["join", leader.peerAddress, ...flags, "--fresh", "--json"]);
  expect(unasked.exit, unasked.stdout).toBe(9);
  const back = await cluster.raftctl(["join", leader.peerAddress, ...flags, "--fresh", "--yes", "--json"]);
  expect(back.exit, back.stdout).toBe(0);
  cluster.adopt(back.json?.result?.["pid"]);
  expect(await votersOf(cluster)).toEqual(["n1", "n2", "n3", "n4"]);
  // Nobody's leadership was disturbed by the one that was outside.
  expect((await leader.region()).term).toBe(term);
});

test("a dead member is replaced in one step that goes on by itself: begun, left alone, and done when the new node joins under its name (N9)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  const history = new History(() => performance.now());
  const traffic = new Traffic(cluster, history, { clients: 3, reads: 0.3, callTimeoutMs: 5_000 });
  const dead = await cluster.follower();
  await dead.kill9();
  const dry = await ask(cluster, "member", "replace", dead.name, "--with", "n4", "--dry-run");
  expect([dry.exit, dry.json?.result?.["state"]]).toEqual([0, "planned"]);
  const begun = await ask(cluster, "member", "replace", dead.name, "--with", "n4", "--yes", "--no-wait");
  expect(begun.exit, begun.stdout).toBe(0);
  const id = String(begun.json?.result?.["id"]);
  const early = await ask(cluster, "member", "replace", "--resume", id, "--wait-for", "300ms");
  expect([early.exit, early.json?.error?.hint]).toEqual([11, `raftctl member replace --resume ${id}`]);
  const second = await ask(cluster, "member", "replace", dead.name, "--with", "n5", "--yes", "--no-wait");
  expect(second.exit, second.stdout).toBe(6);
  traffic.start();
  await traffic.more(50);
  await join(cluster);
  const done = await ask(cluster, "member", "replace", "--resume", id).then((printed) => (printed.exit === 4 ? undefined : printed));
  if (done !== undefined) expect([done.exit, done.json?.result?.["state"]]).toEqual([0, "done"]);
  await traffic.more(50);
  await traffic.stop();
  expect(await votersOf(cluster)).toEqual([...cluster.nodes.map(({ name }) => name).filter((name) => name !== dead.name)].toSorted());
  expectLinearizable(history, 100);
  await expectNothingLost(cluster, history);
});

test("what would brick the cluster is refused with 9, the reason and the way out (PRODUCT rows 2 and 8)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  const nobody = `127.0.0.1:${await freePort()}`;
  const unreachable = await ask(cluster, "member", "add", nobody, "--name", "n9");
  expect([unreachable.exit, unreachable.json?.error?.hint], unreachable.stdout).toEqual([9, expect.stringContaining("--unreachable-ok")]);
  const expected = await ask(cluster, "member", "add", nobody, "--name", "n9", "--unreachable-ok");
  expect(expected.exit, expected.stdout).toBe(0);
  // It counts in nothing: two of three still decide, and it can go again.
  const dead = await cluster.follower();
  await dead.kill9();
  await cluster.client({ endpoints: [(await cluster.leader()).endpoint] }).kv.put("k", "v");
  await until("leader that knows who is down", async () => ((await (await cluster.leader()).region()).failureTolerance === 0 ? true : undefined));
  expect((await ask(cluster, "member", "remove", "n9", "--yes")).exit).toBe(0);
  const alive = cluster.nodes.find((node) => node !== dead && node.isRunning)!;
  const other = (await cluster.leader()) === alive ? cluster.nodes.find((node) => node !== dead && node !== alive)! : alive;
  const planned = await ask(cluster, "member", "plan", "--remove", other.name);
  expect(planned.exit, planned.stdout).toBe(9);
  const lossy = await ask(cluster, "member", "remove", other.name, "--yes");
  expect([lossy.exit, lossy.json?.error?.code]).toEqual([9, "UNSAFE"]);
  expect(lossy.json?.error?.message).toContain("would be up");
  expect(await votersOf(cluster)).toHaveLength(3);
});

test("a restart at another address is announced and followed; an address of a member that is down can be set (PRODUCT row 9)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  const dead = await cluster.follower();
  await dead.kill9();
  const moved = `127.0.0.1:${await freePort()}`;
  const taken = await ask(cluster, "member", "update", dead.name, "--advertise-peer", (await cluster.leader()).peerAddress);
  expect(taken.exit, taken.stdout).toBe(6);
  const updated = await ask(cluster, "member", "update", dead.name, "--advertise-peer", moved);
  expect(updated.exit, updated.stdout).toBe(0);
  const peerAddressOf = async (): Promise<string | undefined> => (await (await cluster.leader()).region()).members.find(({ name }) => name === dead.name)?.peerAddress;
  expect(await peerAddressOf()).toBe(moved);
  await dead.start();
  await until("the node's own address again", async () => ((await peerAddressOf()) === dead.peerAddress ? true : undefined));
  await cluster.waitForAgreement();
});

test("a node that was removed is taken back as a voter in one command; who only shall be expected cannot be one", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 4, settings: fast });
  const gone = await cluster.follower();
  expect((await ask(cluster, "member", "remove", gone.name, "--yes")).exit).toBe(0);
  const back = await ask(cluster, "member", "add", gone.peerAddress, "--role", "voter");
  expect([back.exit, back.json?.result?.["promotedAt"]], back.stdout).toEqual([0, expect.stringMatching(/^[1-9]/)]);
  expect(await votersOf(cluster)).toEqual(["n1", "n2", "n3", "n4"]);
  await until("alarm that is taken back", async () => ((await gone.region()).alarms.includes("REMOVED") ? undefined : true));
  const nobody = `127.0.0.1:${await freePort()}`;
  const expected = await ask(cluster, "member", "add", nobody, "--name", "n9", "--unreachable-ok", "--role", "voter");
  expect([expected.exit, expected.json?.error?.hint], expected.stdout).toEqual([2, expect.stringContaining("raftctl join")]);
  expect((await ask(cluster, "member", "list")).json?.result?.["members"]).toHaveLength(4);
});

test("without a majority the members can still be listed; only who asks for the leader's word or for certainty is refused with 5", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ nodes: 3, settings: fast });
  const last = await cluster.follower();
  const list = (consistency: string) => cluster.raftctl(["member", "list", "--consistency", consistency, "--endpoint", last.endpoint, "--timeout", "3s", "--json"]);
  for (const consistency of ["linearizable", "leader", "stale"]) expect((await list(consistency)).exit).toBe(0);
  for (const node of cluster.nodes) if (node !== last) await node.kill9();
  await until("end of the leader's word", async () => ((await list("leader")).exit === 5 ? true : undefined));
  const exits = [await list("linearizable"), await list("stale"), await cluster.raftctl(["member", "list", "--endpoint", last.endpoint, "--json"])].map(({ exit }) => exit);
  expect(exits).toEqual([5, 0, 0]);
});
