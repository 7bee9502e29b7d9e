// Writes on any member (S83, S117): at most one hop, an honest outcome, and never an endless wait.

import { expect, test } from "vitest";
import { Cluster, electionTimeout } from "./support/cluster.ts";
import { bytes, codeOf, text, watch } from "./support/members.ts";

const applied = { waitFor: "applied", timeoutMs: 60_000 } as const;

test("a write on any member succeeds, and says who answered it (S83, S117)", async () => {
  const cluster = await Cluster.led();
  const { leader, hub } = cluster;
  for (const node of cluster.nodes) {
    const before = hub.calls.length;
    const outcome = await cluster.run(node.gateway.propose(bytes(`from ${node.id}`), applied));
    expect(text(outcome.result)).toBe(`did from ${node.id}`);
    expect(outcome.forwardedTo).toBe(node === leader ? undefined : leader.id);
    expect(hub.callsOf("propose", before)).toHaveLength(node === leader ? 0 : 1);
  }
  await cluster.converge();
  for (const { commands } of cluster.nodes) expect(commands).toEqual(["from 1", "from 2", "from 3"].toSorted((left, right) => leader.commands.indexOf(left) - leader.commands.indexOf(right)));
  cluster.stop();
});

test("a member that is asked as the leader and is not refuses instead of handing on (S83)", async () => {
  const cluster = await Cluster.led();
  const [first, second] = cluster.followers;
  const before = cluster.hub.calls.length;
  const rpc = { type: "propose", hops: 1, waitFor: "applied", timeoutMs: 1_000, command: bytes("x") } as const;
  expect(await codeOf(first!.gateway.proposeForwarded(rpc))).toBe("NOT_LEADER");
  expect(await codeOf(second!.gateway.readIndexForwarded({ type: "readIndex", timeoutMs: 1_000 }))).toBe("NOT_LEADER");
  expect(cluster.hub.callsOf("propose", before)).toEqual([]);
  cluster.stop();
});

test("without a leader a write fails within two election timeouts and names the votes that are missing (S83)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  cluster.crash(leader);
  cluster.crash(followers[0]!);
  const alone = followers[1]!;
  await cluster.clock.until(() => alone.raft.core.leader === undefined, "the follower knows no leader");
  await cluster.clock.advance(2 * electionTimeout);
  const began = cluster.clock.now();
  const write = watch(alone.gateway.propose(bytes("x"), applied));
  const read = watch(alone.gateway.readable(60_000));
  await cluster.clock.until(() => write.state !== "pending" && read.state !== "pending", "an answer");
  expect(cluster.clock.now() - began).toBeLessThanOrEqual(2 * electionTimeout);
  for (const { error } of [write, read]) {
    expect(error?.code).toBe("NO_LEADER");
    const missing = [leader, followers[0]!].map(({ id }) => `n${id}`).toSorted();
    expect({ ...error!.details, missing: (error!.details!["missing"] as string[]).toSorted() }).toMatchObject({ needed: 2, voters: 3, have: [`n${alone.id}`], missing });
    for (const name of missing) expect(error!.message).toContain(name);
  }
  cluster.stop();
});

test("what may be asked again is asked of the next leader when the one of before is gone, and of nobody for ever (S83)", async () => {
  const cluster = await Cluster.led({ administer: ({ id }) => async (_from, _region, { method }) => `${method} by ${id}` });
  const { leader, followers } = cluster;
  const asker = followers[0]!;
  const asking = (): Promise<string> => asker.gateway.administerAgain({ method: "keep", params: {}, timeoutMs: 60_000 }, async () => `here by ${asker.id}`);
  expect(await cluster.run(asking())).toBe(`keep by ${leader.id}`);
  cluster.crash(leader);
  const again = watch(asking());
  await cluster.clock.until(() => again.state !== "pending", "an answer");
  expect([`keep by ${followers[1]!.id}`, `here by ${asker.id}`]).toContain(again.value);
  cluster.crash(followers[1]!);
  await cluster.clock.until(() => asker.raft.core.leader === undefined, "the follower knows no leader");
  const never = watch(asking());
  await cluster.clock.until(() => never.state !== "pending", "an answer");
  expect(never.error?.code).toBe("NO_LEADER");
  cluster.stop();
});

test("a write that waits for a leader goes on as soon as there is one", async () => {
  const cluster = await Cluster.start();
  const write = watch(cluster.nodes[0]!.gateway.propose(bytes("early"), applied));
  cluster.nodes[1]!.raft.campaign();
  await cluster.clock.advance(electionTimeout / 2);
  expect(write.state).toBe("resolved");
  cluster.stop();
});

test("a forwarded write fails fast when the connection to the leader breaks, and its outcome is unknown (H20)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  leader.storage.machine.close();
  const write = watch(followers[0]!.gateway.propose(bytes("x"), applied));
  await cluster.clock.advance(10);
  expect(write.state).toBe("pending");
  hub.breakConnectionsTo(leader.id);
  await cluster.clock.settle();
  expect(write.error?.code).toBe("UNKNOWN_OUTCOME");
  cluster.stop();
});

test("a write for a leader that is gone was surely not written, and goes to its successor within two election timeouts (H20)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  cluster.crash(leader);
  const outcome = await cluster.run(followers[0]!.gateway.propose(bytes("x"), applied), 2 * electionTimeout);
  expect(outcome.term).toBeGreaterThan(leader.raft.core.currentTerm);
  cluster.stop();
});

test("a forwarded write whose leader is silent ends after one election timeout, unknown (H20)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  hub.fate = ({ name }) => (name === "propose" ? "drop" : "deliver");
  const write = watch(followers[0]!.gateway.propose(bytes("x"), applied));
  await cluster.clock.advance(electionTimeout - 1);
  expect(write.state).toBe("pending");
  await cluster.clock.advance(2);
  expect(write.error?.code).toBe("UNKNOWN_OUTCOME");
  expect(leader.raft.core.role).toBe("leader");
  cluster.stop();
});

test("a refusal of the leader arrives with its code, and nothing enters the log (S36, S37, H45)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers } = cluster;
  const { lastIndex } = leader.raft.core;
  leader.storage.readOnly = true;
  const before = cluster.hub.callsOf("appendEntries").filter(({ rpc }) => (rpc as { entries: Uint8Array }).entries.length > 0).length;
  expect(await codeOf(cluster.run(followers[0]!.gateway.propose(bytes("x"), applied)))).toBe("NO_SPACE");
  expect(cluster.nodes.map(({ raft }) => raft.core.lastIndex)).toEqual([lastIndex, lastIndex, lastIndex]);
  expect(cluster.hub.callsOf("appendEntries").filter(({ rpc }) => (rpc as { entries: Uint8Array }).entries.length > 0)).toHaveLength(before);
  cluster.stop();
});

test("when leadership is lost nobody waits longer than two election timeouts, and each is told the truth (H20, S83)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  await cluster.write("before");
  hub.isolate(leader.id);
  const writes = ["x", "y", "z"].map((content) => watch(leader.raft.propose(bytes(content), applied)));
  const forwarded = watch(followers[0]!.gateway.propose(bytes("w"), applied));
  await cluster.clock.advance(2 * electionTimeout + 100);
  for (const { error } of [...writes, forwarded]) expect(error?.code).toBe("UNKNOWN_OUTCOME");
  cluster.stop();
});

test("a deposed leader learns that another entry took the index: surely not applied (H20)", async () => {
  const cluster = await Cluster.led();
  const { leader, followers, hub } = cluster;
  hub.isolate(leader.id);
  const lost = watch(leader.raft.propose(bytes("lost"), applied));
  await cluster.clock.settle();
  const next = await cluster.elect(followers);
  await cluster.write("won", next);
  const late = watch(leader.raft.propose(bytes("too late"), applied));
  hub.heal();
  await cluster.clock.advance(electionTimeout / 2);
  expect(["NOT_LEADER", "UNKNOWN_OUTCOME"]).toContain(lost.error?.code);
  expect(late.error?.code).toBe("NOT_LEADER");
  await cluster.converge();
  for (const { commands } of cluster.nodes) expect(commands).toEqual(["won"]);
  cluster.stop();
});

test("every write ends well, surely not, or unknown, and what is said is true, through crashes and cuts (H20, S42)", async () => {
  const cluster = await Cluster.led();
  const { hub } = cluster;
  const outcomes: { content: string; outcome: ReturnType<typeof watch<unknown>>; began: number; ended: number }[] = [];
  const propose = (node: (typeof cluster.nodes)[number]): void => {
    const content = `w${outcomes.length}`;
    const record = { content, outcome: watch(node.gateway.propose(bytes(content), applied)), began: cluster.clock.now(), ended: 0 };
    outcomes.push(record);
  };
  for (let round = 0; round < 12; round += 1) {
    for (const node of cluster.nodes) propose(node);
    const { leader } = cluster;
    if (round % 3 === 0) hub.isolate(leader.id);
    if (round % 3 === 1) hub.heal();
    if (round % 3 === 2) leader.raft.transferLeadership(undefined).catch(() => undefined);
    for (let step = 0; step < 30; step += 1) {
      await cluster.clock.advance(100);
      for (const record of outcomes) if (record.ended === 0 && record.outcome.state !== "pending") record.ended = cluster.clock.now();
      if (step % 10 === 3) propose(cluster.nodes[round % 3]!);
    }
  }
  hub.heal();
  await cluster.elect();
  await cluster.converge();
  const [{ commands }] = cluster.nodes as [(typeof cluster.nodes)[number]];
  for (const node of cluster.nodes) expect(node.commands).toEqual(commands);
  expect(new Set(commands).size).toBe(commands.length);
  for (const { content, outcome, began, ended } of outcomes) {
    expect(outcome.state).not.toBe("pending");
    expect(ended - began).toBeLessThanOrEqual(2 * electionTimeout + 200);
    if (outcome.state === "resolved") expect(commands).toContain(content);
    else if (outcome.error!.code !== "UNKNOWN_OUTCOME") expect([outcome.error!.code, commands.includes(content)]).toEqual([outcome.error!.code, false]);
  }
  const codes = new Set(outcomes.map(({ outcome }) => outcome.error?.code ?? "ok"));
  expect(codes.has("ok") && codes.has("UNKNOWN_OUTCOME")).toBe(true);
  cluster.stop();
});

test("more proposals than may wait are refused BUSY, and go on when there is room (S50)", async () => {
  const cluster = await Cluster.led({ waitingMax: 10 });
  const { leader } = cluster;
  leader.storage.machine.close();
  const { lastIndex } = leader.raft.core;
  const writes = Array.from({ length: 200 }, (_, number) => watch(leader.raft.propose(bytes(`c${number}`), applied)));
  await cluster.clock.advance(50);
  expect(writes.filter(({ error }) => error?.code === "BUSY")).toHaveLength(190);
  expect(leader.raft.core.lastIndex).toBe(lastIndex + 10);
  leader.storage.machine.open();
  await cluster.clock.advance(50);
  await cluster.write("again");
  cluster.stop();
});

test("proposals that no majority takes are refused BUSY when their bytes reach the limit (S50)", async () => {
  const cluster = await Cluster.led({ waitingMax: 100_000, raft: { uncommittedBytesMax: 10_000 } });
  const { leader, hub } = cluster;
  hub.isolate(leader.id);
  const writes = Array.from({ length: 100 }, () => watch(leader.raft.propose(new Uint8Array(1_000), applied)));
  await cluster.clock.advance(50);
  expect(writes.filter(({ state }) => state === "pending")).toHaveLength(10);
  expect(writes.filter(({ error }) => error?.code === "BUSY")).toHaveLength(90);
  cluster.stop();
});

test("more waiters for an index or a leader than may wait are refused BUSY (S50)", async () => {
  const cluster = await Cluster.led({ waitingMax: 10 });
  const { raft } = cluster.leader;
  const waiting = Array.from({ length: 30 }, () => watch(raft.waitForApplied(1_000, 1_000)));
  await cluster.clock.settle();
  expect(waiting.filter(({ error }) => error?.code === "BUSY")).toHaveLength(20);
  cluster.stop();
});
