// The doctor at the bed: real daemons with one fault each, and the cause that it names first. What it is asked with is what an operator would type.

import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Diagnosis } from "../../src/cli/doctor/diagnosis.ts";
import type { TestCluster } from "./support/cluster.ts";
import type { DaemonProcess, Settings } from "./support/daemon-process.ts";
import { nodeBehindProxy, type Hidden } from "./support/behind-proxy.ts";
import { freePort } from "./support/ports.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { TcpProxy } from "./support/tcp-proxy.ts";
import { until } from "./support/until.ts";

/** Slower than the rest of the tests: what is measured here is not time, and the machine may be busy. */
const settings: Settings = { ...fast, raft: { electionTimeout: "1s", heartbeatInterval: "100ms" } };

/** What a busy machine adds, truly, and no test here means. */
const busy: ReadonlySet<string> = new Set(["disk-slow", "event-loop-late"]);
const meant = ({ causes }: Diagnosis): Diagnosis["causes"] => causes.filter(({ id }) => !busy.has(id));

async function doctor(cluster: TestCluster, ...words: string[]): Promise<{ exit: number; diagnosis: Diagnosis; output: string }> {
  const { exit, json, stdout, stderr } = await cluster.raftctl(["doctor", ...words, "--json"]);
  return { exit, diagnosis: json?.result as unknown as Diagnosis, output: stdout + stderr };
}

/** A cluster needs a moment to notice a fault; then the doctor says this. */
async function says(cluster: TestCluster, cause: string | null, words: readonly string[]): Promise<{ exit: number; diagnosis: Diagnosis; output: string }> {
  return until(`diagnosis ${cause}`, async () => {
    const answer = await doctor(cluster, ...words);
    if (answer.diagnosis === undefined || (meant(answer.diagnosis)[0]?.id ?? null) !== cause) throw new Error(answer.output.slice(0, 2000));
    return answer;
  }, { timeoutMs: 30_000, everyMs: 100 });
}

/** Three nodes, the third one behind a proxy. */
async function clusterBehindProxy(): Promise<Hidden & { readonly cluster: TestCluster }> {
  const cluster = await startCluster({ nodes: 2, settings });
  const behind = await nodeBehindProxy(cluster);
  await cluster.admit(behind.hidden);
  return { cluster, ...behind };
}

test("well, one node paused, one node down, the quorum lost: each has its own cause, and the last one points to recovery, without any leader (N1, K4, PRODUCT row 7)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ settings });
  const leader = await cluster.leader();
  const [second, third] = cluster.nodes.filter((node) => node !== leader) as [DaemonProcess, DaemonProcess];
  const at = ["--endpoint", leader.endpoint];
  const well = await says(cluster, null, at);
  expect([well.diagnosis.verdict === "healthy", well.diagnosis.leader]).toEqual([well.exit === 0, leader.name]);
  expect(well.diagnosis.reachability).toHaveLength(6);

  third.pause();
  const paused = await says(cluster, "process-paused", [...at, "--timeout", "2s"]);
  third.resume();
  expect([paused.exit, paused.diagnosis.verdict]).toEqual([11, "degraded"]);
  expect(meant(paused.diagnosis)[0]?.nodes).toEqual([third.name]);

  await third.kill9();
  const down = await says(cluster, "node-down", at);
  expect([down.exit, down.diagnosis.verdict, down.diagnosis.leader]).toEqual([11, "degraded", leader.name]);
  expect(down.diagnosis.evidence.join("\n")).toContain(`${third.name} is unreachable from ${leader.name} (ECONNREFUSED)`);

  await second.kill9();
  const lost = await says(cluster, "quorum-lost", ["--socket", leader.socket]);
  expect([lost.exit, lost.diagnosis.verdict]).toEqual([11, "unavailable"]);
  expect(lost.diagnosis.actions.at(-1)?.command).toContain("raftctl recover");
  expect(lost.diagnosis.candidates.find(({ name }) => name === leader.name)?.text).toMatch(/cannot win: needs 2 of \{n1,n2,n3\}; .*\(ECONNREFUSED\)/);
  const text = await cluster.raftctl(["doctor", "--socket", leader.socket]);
  expect(text.exit).toBe(11);
  expect(text.stdout).toMatch(/^unavailable: quorum-lost\n/);
  expect(text.stdout.split("\n").length).toBeLessThan(30);

  await Promise.all([second.start(), third.start()]);
  await says(cluster, null, at);
});

test("stopped nodes are read from their directories: who would win, what is damaged, what was wiped; mixed with nodes that run (N1)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ settings });
  await cluster.client().kv.put("k", "v");
  await cluster.waitForAgreement();
  const [first, second, third] = cluster.nodes as [DaemonProcess, DaemonProcess, DaemonProcess];
  const directories = cluster.nodes.flatMap((node) => ["--data-dir", node.dataDir]);
  const { socket } = first;
  // All at once: a log that one alone has would be none of the others' business.
  await Promise.all(cluster.nodes.map((node) => node.kill9()));

  const stopped = await doctor(cluster, ...directories);
  expect([stopped.exit, stopped.diagnosis.cause], stopped.output).toEqual([11, "nodes-stopped"]);
  expect(stopped.diagnosis.candidates.filter(({ canWin }) => canWin).length).toBeGreaterThan(0);
  expect(stopped.diagnosis.nodes.map(({ state }) => state)).toEqual(["stopped", "stopped", "stopped"]);
  // A daemon that does not run has left its directory, and through that the others are known.
  const local = await doctor(cluster, "--socket", socket);
  expect([local.exit, local.diagnosis.cause], local.output).toEqual([11, "quorum-lost"]);

  await Promise.all([first.start(), second.start()]);
  await cluster.leader();
  const mixed = await says(cluster, "node-down", ["--endpoint", first.endpoint, "--data-dir", third.dataDir]);
  expect(mixed.diagnosis.actions[0]?.command).toBe(`raftctl daemon start --data-dir ${third.dataDir}`);

  const copy = join(cluster.home, "copy");
  await cp(third.dataDir, copy, { recursive: true, filter: (file) => !file.endsWith(".sock") });
  await third.start();
  const twice = await says(cluster, "duplicate-id", ["--endpoint", first.endpoint, "--data-dir", copy]);
  expect(twice.diagnosis.evidence.join("\n")).toContain(copy);
  await third.kill9();

  const stranger = join(cluster.home, "stranger");
  await cluster.raftctl(["init", "--name", "n9", "--data-dir", stranger, "--no-start"]);
  const other = await says(cluster, "different-clusters", ["--endpoint", first.endpoint, "--data-dir", stranger]);
  expect(meant(other.diagnosis)[0]?.nodes).toEqual(["n9"]);

  const wal = join(third.dataDir, "wal");
  const segment = join(wal, (await readdir(wal)).toSorted().find((name) => !name.includes("0000000000000000"))!);
  const bytes = await readFile(segment);
  bytes.writeUInt8(bytes.readUInt8(4096 + 40) ^ 0x10, 4096 + 40);
  await writeFile(segment, bytes);
  const damaged = await doctor(cluster, "--endpoint", first.endpoint, "--data-dir", third.dataDir);
  expect([damaged.exit, damaged.diagnosis.cause, damaged.diagnosis.verdict], damaged.output).toEqual([13, "directory-damaged", "damaged"]);
  expect(damaged.diagnosis.evidence[0]).toContain("is damaged at byte");

  await rm(wal, { recursive: true });
  const wiped = await doctor(cluster, "--endpoint", first.endpoint, "--data-dir", third.dataDir);
  expect([wiped.exit, wiped.diagnosis.cause, meant(wiped.diagnosis)[0]?.nodes], wiped.output).toEqual([13, "wiped-disk", ["n3"]]);
});

test("a network that is cut in one direction, and an address where another node answers (N1)", { timeout: 180_000 }, async () => {
  const { cluster, hidden, proxy, port } = await clusterBehindProxy();
  const at = ["--endpoint", cluster.nodes[0]!.endpoint];
  await says(cluster, null, at);
  proxy.cut();
  const cut = await says(cluster, "asymmetric-partition", at);
  expect([cut.exit, meant(cut.diagnosis)[0]?.nodes], cut.output).toEqual([11, ["n3"]]);
  const ways = (from: string, to: string) => cut.diagnosis.reachability.find((edge) => edge.from === from && edge.to === to);
  expect([ways("n1", "n3")?.reached, ways("n2", "n3")?.reached, ways("n3", "n1")?.reached, ways("n1", "n2")?.reached]).toEqual([false, false, true, true]);

  await proxy.stop();
  const wrong = await TcpProxy.start(cluster.node("n2").place.peerPort, port);
  onTestFinished(() => wrong.stop());
  const misled = await says(cluster, "wrong-address", at);
  expect(meant(misled.diagnosis)[0]?.nodes).toEqual([hidden.name]);
  expect(misled.diagnosis.evidence.join("\n")).toContain(`n1 finds n2 (${(await cluster.node("n2").status()).nodeId}) at 127.0.0.1:${port}`);
});

test("a cut on both ways between nodes that all answer shows its islands (N1)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ nodes: 1, settings });
  const proxies: TcpProxy[] = [];
  for (let count = 2; count <= 3; count += 1) {
    const port = await freePort();
    const node = await cluster.newNode({ advertise: { peer: `127.0.0.1:${port}` } });
    const proxy = await TcpProxy.start(node.place.peerPort, port);
    onTestFinished(() => proxy.stop());
    proxies.push(proxy);
    await cluster.admit(node);
  }
  // n2 and n3 are cut off from each other on both ways; both still reach n1, and n1 neither of them.
  for (const proxy of proxies) proxy.cut();
  const island = await says(cluster, "partition", cluster.endpoints.flatMap((endpoint) => ["--endpoint", endpoint]));
  expect(island.exit).toBe(11);
  expect(island.diagnosis.summary).toContain("{n2}");
  expect(island.diagnosis.summary).toContain("{n3}");
});

test("who may lead lacks the last write, and who has it may not lead: the clause is printed, and the node that is missing is the remedy (N1, S96)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ nodes: 2, settings });
  await cluster.addNode({ masterEligible: false });
  const [first, second, third] = cluster.nodes as [DaemonProcess, DaemonProcess, DaemonProcess];
  if ((await cluster.leader()) !== first) await cluster.raftctl(["leader", "transfer", "n1", "--endpoint", second.endpoint]);
  await cluster.waitFor("n1 as the leader", (report) => report.leader?.name === "n1");
  await second.kill9();
  await cluster.client({ endpoints: [first.endpoint] }).kv.put("k", "v");
  await first.kill9();
  await second.start();
  const { diagnosis, exit } = await says(cluster, "no-eligible-candidate", ["--endpoint", second.endpoint]);
  expect([exit, diagnosis.verdict]).toEqual([11, "unavailable"]);
  const clause = (name: string) => diagnosis.candidates.find((candidate) => candidate.name === name)?.text;
  expect(clause("n2")).toMatch(/^n2 cannot win: needs 2 of \{n1,n2,n3\}; n1 is unreachable from n2 \(ECONNREFUSED\) and n3 has a longer log \(\d+,\d+\) > \(\d+,\d+\)$/);
  expect(clause("n3")).toBe("n3 cannot win: masterEligible: false");
  expect(diagnosis.actions[0]?.text).toContain("bring back n1");
  await first.start();
  await says(cluster, null, ["--endpoint", third.endpoint]);
});

test("a removed node that still runs is named, whether one asks it or gives its directory (N1)", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ settings });
  const leader = await cluster.leader();
  const removed = await cluster.follower();
  const left = await cluster.raftctl(["leave", "--node", removed.name, "--endpoint", leader.endpoint, "--yes", "--json"]);
  expect(left.exit, left.stdout + left.stderr).toBe(0);
  const asked = await says(cluster, "removed-node", ["--endpoint", removed.endpoint]);
  expect([asked.exit, asked.diagnosis.verdict, meant(asked.diagnosis)[0]?.nodes]).toEqual([11, "degraded", [removed.name]]);
  expect(asked.diagnosis.leader).toBe(leader.name);
  await removed.kill9();
  const onDisk = await says(cluster, "removed-node", ["--endpoint", leader.endpoint, "--data-dir", removed.dataDir]);
  expect(meant(onDisk.diagnosis)[0]?.nodes).toEqual([removed.name]);
  const without = await says(cluster, null, ["--endpoint", leader.endpoint]);
  expect(meant(without.diagnosis)).toEqual([]);
});

test("without any daemon and directory it ends with 3, with an unknown cause with 2 and the nearest name", async () => {
  const cluster = await startCluster({ nodes: 1, settings });
  const dead = await cluster.raftctl(["doctor", "--endpoint", `127.0.0.1:${await freePort()}`, "--json"]);
  expect([dead.exit, dead.json?.error?.code]).toEqual([3, "UNREACHABLE"]);
  const misspelt = await cluster.raftctl(["doctor", "--only", "quorum-lst", "--endpoint", cluster.endpoints[0]!, "--json"]);
  expect([misspelt.exit, misspelt.json?.error?.hint]).toEqual([2, "did you mean quorum-lost?"]);
  const only = await cluster.raftctl(["doctor", "--only", "quorum-lost", "--endpoint", cluster.endpoints[0]!, "--json"]);
  expect(only.exit, only.stdout).toBe(0);
});
