// Five nodes lose three for good. What is left is read, a plan says what may be lost, the survivor goes on alone and grows again; and a dead node that
// comes back on its old disk is shut out.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TestCluster } from "./support/cluster.ts";
import type { DaemonProcess } from "./support/daemon-process.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

interface Lost {
  readonly cluster: TestCluster;
  readonly survivors: readonly [DaemonProcess, DaemonProcess];
  readonly dead: readonly DaemonProcess[];
  readonly planFile: string;
}

/** All five are stopped with kill -9; the data of the dead is still there. */
async function loseThree(): Promise<Lost> {
  const cluster = await startCluster({ nodes: 5, settings: fast });
  for (let key = 0; key < 20; key += 1) await cluster.client().kv.put(`k${key}`, `v${key}`);
  await cluster.waitForAgreement();
  const leader = await cluster.leader();
  const followers = cluster.nodes.filter((node) => node !== leader);
  const survivors = [followers[0]!, followers[1]!] as const;
  const dead = [leader, followers[2]!, followers[3]!];
  await Promise.all(dead.map((node) => node.kill9()));
  return { cluster, survivors, dead, planFile: join(cluster.home, "recovery.plan") };
}

const deadFlag = (dead: readonly DaemonProcess[]): string[] => ["--dead", dead.map(({ name }) => name).join(",")];

async function joinFresh(cluster: TestCluster, node: DaemonProcess, seed: DaemonProcess): Promise<void> {
  const joined = await cluster.raftctl(["join", seed.peerAddress, ...cluster.identityFlags(node), "--config", node.configFile, "--fresh", "--yes", "--json"]);
  expect(joined.exit, joined.stdout).toBe(0);
  cluster.adopt(joined.json?.result?.["pid"]);
  expect(joined.json?.result?.["role"]).toBe("voter");
}

test("a cluster that lost its quorum is recovered from the best survivor, keeps what was known to be committed, shuts the dead out, and grows again (N3, H8)", { timeout: 240_000 }, async () => {
  const { cluster, survivors, dead, planFile } = await loseThree();
  const [first, second] = survivors;
  const collected = join(cluster.home, "first.survivor");

  const running = await cluster.raftctl(["recover", "collect", "--data-dir", first.dataDir, "--json"]);
  expect([running.exit, running.json?.error?.code], running.stdout).toEqual([6, "LOCKED"]);
  await Promise.all(survivors.map((node) => node.kill9()));
  expect((await cluster.raftctl(["recover", "collect", "--data-dir", first.dataDir, "--out", collected, "--json"])).exit).toBe(0);

  const plan = ["recover", "plan", collected, "--data-dir", second.dataDir, "--out", planFile, "--json"];
  const unconfirmed = await cluster.raftctl([...plan, ...deadFlag(dead)]);
  expect([unconfirmed.exit, unconfirmed.json?.error?.code], unconfirmed.stdout).toEqual([9, "UNSAFE"]);
  await dead[1]!.start();
  const alive = await cluster.raftctl([...plan, ...deadFlag(dead), "--yes"]);
  expect([alive.exit, alive.json?.error?.message], alive.stdout).toEqual([9, expect.stringContaining("it is not dead")]);
  await dead[1]!.kill9();
  for (const node of dead.slice(0, 2)) await rm(node.dataDir, { recursive: true });

  const planned = await cluster.raftctl([...plan, ...deadFlag(dead), "--yes"]);
  expect(planned.exit, planned.stdout).toBe(0);
  const { survivor, loss } = planned.json!.result as { survivor: { name: string }; loss: { unknownFrom: string; committedUpTo: string } };
  expect(Number(loss.unknownFrom)).toBe(Number(loss.committedUpTo) + 1);
  const chosen = survivors.find(({ name }) => name === survivor.name)!;
  const other = survivors.find((node) => node !== chosen)!;

  const apply = ["recover", "apply", "--plan", planFile, "--json"];
  const wrong = await cluster.raftctl([...apply, "--data-dir", other.dataDir, "--yes"]);
  expect(wrong.exit, wrong.stdout).toBe(9);
  expect((await cluster.raftctl([...apply, "--data-dir", chosen.dataDir])).exit).toBe(9);
  const rehearsed = await cluster.raftctl([...apply, "--data-dir", chosen.dataDir, "--dry-run"]);
  expect([rehearsed.exit, rehearsed.json?.result?.["applied"], rehearsed.json?.result?.["stage"]]).toEqual([0, false, "planned"]);
  const applied = await cluster.raftctl([...apply, "--data-dir", chosen.dataDir, "--yes"]);
  expect([applied.exit, applied.json?.result?.["applied"]], applied.stdout).toEqual([0, true]);
  const again = await cluster.raftctl([...apply, "--data-dir", chosen.dataDir, "--yes"]);
  expect([again.exit, again.json?.result?.["stage"]], again.stdout).toEqual([0, "applied"]);

  await chosen.start();
  const verify = ["recover", "verify", "--plan", planFile, "--endpoint", chosen.endpoint, "--json"];
  const verified = await cluster.raftctl(verify);
  expect(verified.exit, verified.stdout).toBe(0);
  for (let key = 0; key < 20; key += 1) expect(new TextDecoder().decode((await chosen.client.kv.get(`k${key}`)).records[0]?.value)).toBe(`v${key}`);
  await chosen.client.kv.put("after", "recovery");

  await isShutOut(cluster, dead[2]!, chosen);
  for (const node of [other, dead[2]!]) await joinFresh(cluster, node, chosen);
  await cluster.waitFor("three voters, of which one may fail", (report) => report.members.length === 3 && report.failureTolerance === 1 && !report.joint, [chosen]);
  expect((await cluster.raftctl(verify)).exit).toBe(0);
  const read = await cluster.raftctl(["get", "after", "--endpoint", dead[2]!.endpoint, "--output", "raw"]);
  expect([read.exit, read.stdout]).toEqual([0, "recovery"]);
});

/** A dead node on its old disk: told why by the node that it dials, it neither leads nor writes, and joining with that disk is refused. */
async function isShutOut(cluster: TestCluster, revived: DaemonProcess, recovered: DaemonProcess): Promise<void> {
  await revived.start();
  const warning = await until("a warning that the cluster was recovered", async () => (await revived.status()).warnings.find(({ code }) => code === "CLUSTER_RECOVERED"));
  expect(warning.message).toContain(`recovered as incarnation 2; node ${revived.name} is of incarnation 1`);
  expect(await readFile(revived.logFile, "utf8")).toContain("raftctl join HOST:PORT --fresh");
  const write = await cluster.raftctl(["put", "k", "stale", "--endpoint", revived.endpoint, "--timeout", "2s", "--json"]);
  expect([5, 10], write.stdout).toContain(write.exit);
  expect((await recovered.region()).members.map(({ name }) => name)).toEqual([recovered.name]);
  expect((await recovered.region()).role).toBe("leader");
  await revived.kill9();
}

test("a quorum that is not lost, a directory that holds nothing, damage and a changed plan are refused with their codes (N3)", { timeout: 240_000 }, async () => {
  const { cluster, survivors, dead, planFile } = await loseThree();
  await Promise.all(survivors.map((node) => node.kill9()));
  const directories = (nodes: readonly DaemonProcess[]): string[] => nodes.flatMap(({ dataDir }) => ["--data-dir", dataDir]);
  const three = await cluster.raftctl(["recover", "plan", ...directories([...survivors, dead[0]!]), ...deadFlag(dead.slice(1)), "--json"]);
  expect([three.exit, three.json?.error?.message], three.stdout).toEqual([9, expect.stringContaining("the quorum is not lost")]);
  const forgotten = await cluster.raftctl(["recover", "plan", ...directories(survivors), ...deadFlag(dead.slice(1)), "--json"]);
  expect([forgotten.exit, forgotten.json?.error?.message], forgotten.stdout).toEqual([9, expect.stringContaining(`${dead[0]!.name}: neither collected nor named dead`)]);
  const nothing = await cluster.raftctl(["recover", "collect", "--data-dir", cluster.home, "--json"]);
  expect(nothing.exit, nothing.stdout).toBe(4);

  const planned = await cluster.raftctl(["recover", "plan", ...directories(survivors), ...deadFlag(dead), "--out", planFile, "--yes", "--json"]);
  expect(planned.exit, planned.stdout).toBe(0);
  const text = await readFile(planFile, "utf8");
  await writeFile(planFile, text.replace('"clusterIncarnation": "2"', '"clusterIncarnation": "9"'));
  const changed = await cluster.raftctl(["recover", "apply", "--plan", planFile, "--data-dir", survivors[0].dataDir, "--yes", "--json"]);
  expect([changed.exit, changed.json?.error?.code], changed.stdout).toEqual([13, "CORRUPT"]);

  await writeFile(join(survivors[0].dataDir, "identity"), "torn");
  const damaged = await cluster.raftctl(["recover", "collect", ...directories(survivors), "--json"]);
  expect(damaged.exit, damaged.stdout).toBe(13);
});
