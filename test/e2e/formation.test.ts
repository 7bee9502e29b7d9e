// A cluster from empty nodes: a hundred rounds of real daemons in this process that start and die in random order, and the commands as shells see them,
// run on all nodes at once.

import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { FormingNodes, ownPort, type FormingDaemon } from "../daemon/formation/support/forming-nodes.ts";
import { formDataDirectory, readDataDirectory } from "../../src/daemon/offline.ts";
import { raftctl } from "./support/command-line.ts";
import { DaemonProcess } from "./support/daemon-process.ts";
import { fast } from "./support/settings.ts";
import { until } from "./support/until.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  return items.map((item) => ({ item, key: prng.nextU32() })).toSorted((left, right) => left.key - right.key).map(({ item }) => item);
}

/** Starts all in a random order and kills some while they form; all run in the end. */
async function formInDisorder(nodes: readonly FormingDaemon[], prng: Prng): Promise<void> {
  for (const node of shuffled(nodes, prng)) {
    if (node.daemon === undefined) await node.start();
    await pause(prng.integer(0, 30));
    if (!prng.chance(0.4)) continue;
    await nodes[prng.integer(0, nodes.length - 1)]!.kill();
    await pause(prng.integer(0, 20));
  }
  for (const node of nodes) if (node.daemon === undefined) await node.start();
}

async function round(size: number, seed: number): Promise<void> {
  await using forming = await FormingNodes.make(size);
  await formInDisorder(forming.nodes, new Prng(seed));
  expect(await Promise.all(forming.nodes.map(({ daemon }) => daemon!.entered)), `seed ${seed}`).toEqual(forming.nodes.map(() => "voter"));
  expect(await forming.clusters(), `seed ${seed}`).toHaveLength(1);
  const leaders = await Promise.all(forming.nodes.map(({ daemon }) => daemon!.region.raft.waitForLeader(10_000)));
  expect(new Set(leaders).size, `seed ${seed}`).toBe(1);
  const leader = forming.nodes.find(({ daemon }) => daemon!.region.raft.id === leaders[0])!.daemon!.region.raft;
  expect(leader.core.membership.voters, `seed ${seed}`).toHaveLength(size);
}

const atOnce = 5;

for (const [size, rounds] of [[1, 15], [2, 25], [3, 35], [5, 25]] as const) {
  test(`${size} empty nodes form exactly one cluster in any start order, with kills in between (S69, S71, ${rounds} rounds)`, async () => {
    for (let first = 1; first <= rounds; first += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, offset) => round(size, 1_000 * size + first + offset)));
    }
  });
}

for (const seed of [1, 2, 3, 4]) {
  test(`daemon processes that are killed with kill -9 while they vote, found and join end in one cluster (S71, S73, seed ${seed})`, async () => {
    const prng = new Prng(seed);
    const home = await realpath(await mkdtemp(join(tmpdir(), "raftctl-e2e-")));
    const settings = { ...fast, discovery: { interval: "20ms" } };
    const nodes: DaemonProcess[] = [];
    for (const name of ["n1", "n2", "n3"]) nodes.push(new DaemonProcess({ name, directory: join(home, name), home, peerPort: await ownPort(), clientPort: await ownPort(), settings }));
    onTestFinished(async () => {
      await Promise.all(nodes.map((node) => node.kill9()));
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    });
    const source = `static:${nodes.map(({ peerAddress }) => peerAddress).join(",")}`;
    for (const node of nodes) {
      await node.prepare();
      await formDataDirectory(node.dataDir, { name: node.name, source, expect: 3, settings: { listenPeer: node.peerAddress, listenClient: node.endpoint } });
    }
    await Promise.all(shuffled(nodes, prng).map((node) => node.start()));
    for (let kill = 0; kill < 5; kill += 1) {
      await pause(prng.integer(0, 120));
      const victim = nodes[prng.integer(0, 2)]!;
      await victim.kill9();
      await victim.start();
    }
    await until("three voters everywhere", async () => {
      const reports = await Promise.all(nodes.map((node) => node.region().catch(() => undefined)));
      return reports.every((report) => report?.leader !== null && report?.members.filter(({ role }) => role === "voter").length === 3) ? true : undefined;
    });
    const ids = await Promise.all(nodes.map(async ({ dataDir }) => (await readDataDirectory(dataDir))?.clusterId));
    expect(new Set(ids).size).toBe(1);
  });
}

/** A place for nodes with addresses of their own; their daemons are stopped when the test ends. */
async function machine(names: readonly string[]) {
  const home = await realpath(await mkdtemp(join(tmpdir(), "raftctl-e2e-")));
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));
  const nodes = await Promise.all(names.map(async (name) => {
    const peer = `127.0.0.1:${await ownPort()}`;
    const dataDir = join(home, name);
    const run = async (...words: string[]) => {
      const printed = await raftctl(home, [...words, "--data-dir", dataDir, "--json"], { timeoutMs: 100_000 });
      return { exit: printed.exit, error: printed.json?.error, result: printed.json?.result as Result | undefined, output: printed.stdout + printed.stderr };
    };
    onTestFinished(async () => void (await run("daemon", "stop", "--no-transfer", "--drain", "0ms")));
    /** Of the daemon, on its socket. */
    const ask = (...words: string[]) => raftctl(home, [...words, "--socket", join(dataDir, "admin.sock"), "--json"], { timeoutMs: 100_000 });
    return { name, peer, dataDir, run, ask, init: (...words: string[]) => run("init", "--name", name, "--listen-peer", peer, "--listen-client", "127.0.0.1:0", ...words) };
  }));
  const publish = async (...peers: string[]): Promise<string> => {
    await writeFile(join(home, "nodes"), peers.map((peer) => `${peer}\n`).join(""));
    return `file:${join(home, "nodes")}`;
  };
  return { home, nodes, publish };
}

interface Result {
  readonly applied: boolean;
  readonly clusterId: string | null;
  readonly nodeId: string | null;
  readonly pid: number | null;
  readonly state: string;
  readonly role: string;
  readonly members: readonly { readonly name: string; readonly role: string }[];
  readonly formation: { readonly source: string; readonly expect: number };
}

test("init --members run on all nodes at once makes one cluster of them, each a voter when it returns (S25, U6)", async () => {
  const { nodes } = await machine(["n1", "n2", "n3"]);
  const members = nodes.map(({ name, peer }) => `${name}=${peer}`).join(",");
  const made = await Promise.all(nodes.map(({ init }) => init("--members", members)));
  for (const { exit, output } of made) expect(exit, output).toBe(0);
  expect(new Set(made.map(({ result }) => result!.clusterId)).size).toBe(1);
  for (const { result } of made) expect(result!.members.length).toBeGreaterThan(0);
  const last = await nodes[0]!.ask("wait", "--for", "voters=3", "--timeout", "20s");
  expect(last.exit, last.stdout).toBe(0);
  const again = await nodes[1]!.init("--members", members);
  expect([again.exit, again.error?.code]).toEqual([6, "ALREADY_INITIALIZED"]);
  expect(again.error!.message).toContain(made[0]!.result!.clusterId!);
});

test("init that waits in vain is 11 and names what is missing; its daemon goes on, and init again takes it up (S71)", async () => {
  const { nodes, publish } = await machine(["n1", "n2"]);
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const source = await publish(first.peer, second.peer);
  const terms = ["--expect", "2", "--discovery", source];
  const late = await first.init(...terms, "--timeout", "1s");
  expect([late.exit, late.error?.code], late.output).toEqual([11, "UNHEALTHY"]);
  expect(late.error!.message).toContain(`1 of 2 nodes found; ${second.peer}: `);
  const status = await first.run("daemon", "status");
  expect([status.exit, status.result!.state]).toEqual([0, "forming"]);
  const leaderless = await first.ask("status");
  expect([leaderless.exit, leaderless.json?.error?.code]).toEqual([1, "NOT_READY"]);
  const [unfit, alive] = [await first.ask("health"), await first.ask("health", "--live")];
  expect([unfit.exit, unfit.json?.error?.code, alive.exit], unfit.stdout).toEqual([11, "UNHEALTHY", 0]);
  expect(unfit.json!.error!.message).toContain(`still forming a cluster of 2: 1 of 2 nodes found; ${second.peer}: `);
  const other = await first.init("--expect", "3", "--discovery", source);
  expect([other.exit, other.error?.code], other.output).toEqual([6, "CONFLICT"]);
  const [again, joined] = await Promise.all([first.init(...terms), second.init(...terms)]);
  expect([again.exit, joined.exit], again.output + joined.output).toEqual([0, 0]);
  expect(again.result!.clusterId).toBe(joined.result!.clusterId);
  expect(again.result!.formation).toEqual({ source, expect: 2 });
});

test("init --no-start leaves a node that daemon start lets form, and a later one joins by the same words or by join --discovery (S16, S71)", async () => {
  const { nodes, publish } = await machine(["n1", "n2", "n3", "n4"]);
  const [first, second, third, fourth] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];
  const source = await publish(...nodes.map(({ peer }) => peer));
  const terms = ["--expect", "3", "--discovery", source];
  for (const node of [first, second, third]) {
    const made = await node.init(...terms, "--no-start");
    expect(made.result, made.output).toMatchObject({ applied: true, clusterId: null, nodeId: expect.stringMatching(/^\d+$/), pid: null });
  }
  const alone = await first.init();
  expect([alone.exit, alone.error?.code]).toEqual([6, "ALREADY_INITIALIZED"]);
  for (const node of [third, first, second]) expect((await node.run("daemon", "start")).exit).toBe(0);
  const formed = await second.ask("wait", "--for", "voters=3", "--timeout", "20s");
  expect(formed.exit, formed.stdout).toBe(0);
  const joined = await fourth.run("join", "--discovery", source, "--name", "n4", "--listen-peer", fourth.peer, "--listen-client", "127.0.0.1:0");
  expect([joined.exit, joined.result?.role], joined.output).toEqual([0, "voter"]);
  expect(joined.result!.members.map(({ name }) => name).toSorted()).toEqual(["n1", "n2", "n3", "n4"]);
});

test("nodes that expect different numbers refuse each other by name, and a node that has not voted leaves nothing behind", async () => {
  const { nodes, publish } = await machine(["n1", "n2"]);
  const source = await publish(...nodes.map(({ peer }) => peer));
  const [two, three] = await Promise.all([nodes[0]!.init("--expect", "2", "--discovery", source, "--timeout", "30s"), nodes[1]!.init("--expect", "3", "--discovery", source, "--timeout", "30s")]);
  for (const failed of [two, three]) expect([failed.exit, failed.error?.code], failed.output).toEqual([6, "CONFLICT"]);
  expect(two.error!.message).toContain("n2 forms a cluster of 3 nodes, n1 one of 2");
  expect(three.error!.message).toContain("n1 forms a cluster of 2 nodes, n2 one of 3");
  for (const { dataDir } of nodes) expect(existsSync(dataDir)).toBe(false);
});

test("an init that fails leaves what an earlier one has made of the directory", async () => {
  const { nodes, publish } = await machine(["n1", "n2"]);
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const source = await publish(first.peer, second.peer);
  const terms = ["--expect", "2", "--discovery", source];
  const made = await first.init(...terms, "--no-start");
  const other = await second.init("--expect", "3", "--discovery", source, "--timeout", "1s");
  expect([made.exit, other.exit], made.output + other.output).toEqual([0, 11]);
  const refused = await first.init(...terms);
  expect([refused.exit, refused.error?.code], refused.output).toEqual([6, "CONFLICT"]);
  const again = await first.init(...terms, "--no-start");
  expect([again.exit, again.result?.nodeId], again.output).toEqual([0, made.result!.nodeId]);
});

test("what cannot be meant is 2, and a dry run or a refused init makes nothing", async () => {
  const { nodes, publish } = await machine(["n1", "n2"]);
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const source = await publish(second.peer);
  for (const [words, said] of [
    [["--expect", "3"], "--expect needs --discovery"],
    [["--discovery", source], "--discovery needs --expect"],
    [["--expect", "2", "--members", "n1=127.0.0.1:1"], "--members says everything"],
    [["--members", `n7=${first.peer},n2=${second.peer}`], "--members does not name this node: n1 is not among n7, n2"],
    [["--members", `n1=127.0.0.1:1,n2=${second.peer}`], `--members says that n1 is at 127.0.0.1:1, and this node tells others to dial ${first.peer}`],
    [["--members", `n1=${first.peer},n1=${second.peer}`], "--members names n1 twice"],
    [["--members", "n1"], 'is not name=host:port'],
    [["--expect", "2", "--discovery", "consul:x"], "is not static:"],
  ] as const) {
    const refused = await first.init(...words);
    expect([refused.exit, refused.error?.message], refused.output).toEqual([2, expect.stringContaining(said)]);
  }
  const dry = await first.init("--expect", "2", "--discovery", source, "--dry-run");
  expect(dry.result).toMatchObject({ applied: false, clusterId: null, formation: { source, expect: 2 } });
  expect(dry.output).toContain("NOT_DISCOVERABLE");
  expect(existsSync(first.dataDir)).toBe(false);
});
