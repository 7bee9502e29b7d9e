// `raftctl trace` as a shell sees it, against three real nodes in this process.

import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ nodes: 3 });
}, 60_000);
afterAll(() => cluster.stop());

const leads = (daemon: Cluster["nodes"][number]): boolean => daemon.region.raft.core.role === "leader";
const run = (...line: string[]): Promise<Outcome> => raftctl(line, { env: { RAFTCTL_ENDPOINT: cluster.nodes.find((daemon) => !leads(daemon))!.clientAddress } });

interface NodeTrace {
  readonly name: string;
  readonly moments: { durableMs: number; committedMs: number; appliedMs: number; members: { name: string; acknowledgedMs: number }[] | null };
}

test("trace shows any recent entry, asked at any node: the leader's view with each member, and what every node remembers of itself (N10)", async () => {
  const { index } = (await run("put", "k", "v", "--json")).json.result as { index: string };
  await expect.poll(async () => (await run("trace", index, "--json")).json.result.stragglers, { timeout: 15_000 }).toHaveLength(1);
  await Promise.all(cluster.nodes.map((daemon) => daemon.region.raft.waitForApplied(Number(index), 10_000)));
  const { json } = await run("trace", index, "--json");
  const leader = `n${cluster.nodes.findIndex(leads) + 1}`;
  const { nodes, ...entry } = json.result as { nodes: readonly NodeTrace[] };
  expect(entry).toMatchObject({ index, leader, term: expect.stringMatching(/^\d+$/) as string });
  expect(nodes.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  for (const { name, moments } of nodes) {
    expect([0, moments.committedMs, moments.appliedMs]).toEqual([0, moments.committedMs, moments.appliedMs].toSorted((left, right) => left - right));
    expect([name, moments.members?.length ?? null]).toEqual([name, name === leader ? 2 : null]);
  }
  const text = await run("trace", index);
  expect([text.code, text.stderr]).toEqual([0, ""]);
  expect(text.stdout).toMatch(new RegExp(`^entry ${index} of term \\d+, as ${leader} saw it, which led\\n +AT {2}STEP +WHERE\\s*\\n *0\\.00 ms {2}appended +${leader}\\s*\\n`));
  expect(text.stdout).toMatch(/\n(straggler|last): n[123]/);
});

test("an entry that is not there is exit 4 and says where the log ends; what is no index is exit 2 (N10)", async () => {
  const none = await run("trace", "99999", "--json");
  expect([none.code, none.json.error?.code, none.json.error?.message]).toEqual([4, "NOT_FOUND", expect.stringContaining("there is no entry 99999 yet: the log of n")]);
  expect(none.json.result).toMatchObject({ index: "99999", term: null, leader: null, stragglers: [] });
  for (const index of ["0", "x", "-1", "1.5"]) expect([index, (await run("trace", index)).code]).toEqual([index, 2]);
});
