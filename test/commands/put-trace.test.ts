// `put --trace` as a shell sees it, against three real nodes in this process.

import { afterAll, beforeAll, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ nodes: 3 });
}, 60_000);
afterAll(() => cluster.stop());

const leads = (daemon: Cluster["nodes"][number]): boolean => daemon.region.raft.core.role === "leader";

test("put --trace tells where the time went: the steps in their order, each member, the straggler, and what is left for the way (N10)", async () => {
  const { json } = await raftctl(["put", "k", "v", "--trace", "--json"], { env: { RAFTCTL_ENDPOINT: cluster.nodes.find(leads)!.clientAddress } });
  const { trace, forwardedBy } = json.result;
  expect(forwardedBy).toBeUndefined();
  const steps = [0, trace.admittedMs, trace.appendedMs, trace.committedMs, trace.appliedMs] as number[];
  expect(steps).toEqual(steps.toSorted((left, right) => left - right));
  expect(trace.answeredMs).toBeGreaterThanOrEqual(trace.committedMs as number);
  expect(trace.clientMs).toBeGreaterThanOrEqual(trace.answeredMs as number);
  const members = trace.members as { name: string; role: string; durableMs: number }[];
  expect(members.map(({ name, role }) => `${name} ${role}`).toSorted()).toEqual(["n1 leader", "n2 voter", "n3 voter"]);
  const durable = members.toSorted((left, right) => left.durableMs - right.durableMs);
  expect(durable[1]!.durableMs).toBeLessThanOrEqual(trace.committedMs as number);
  expect(trace.stragglers).toEqual([durable[2]!.name]);
});

test("asked at a follower the table shows the hop (N10)", async () => {
  const follower = cluster.nodes.find((daemon) => !leads(daemon))!;
  const { code, stdout } = await raftctl(["put", "k", "w", "--trace"], { env: { RAFTCTL_ENDPOINT: follower.clientAddress } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^OK \d+\n +AT {2}STEP +WHERE\s*\n *0\.00 ms {2}received +n1\s*\n/);
  expect(stdout).toMatch(/\nthe client waited \d+\.\d\d ms: \d+\.\d\d ms of it on the way through n[23] to n1 and back\n$/);
});

test("a trace that is not to be had is a warning: the value is stored", async () => {
  const daemon = await new FakeDaemon().start();
  daemon.adminFault = new RaftctlError("NOT_FOUND", "this leader has no trace of entry 5 of term 7: leadership moved");
  const { code, json } = await raftctl(["put", "k", "v", "--trace", "--json"], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
  expect([code, json.result.trace, json.warnings?.[0]?.code]).toEqual([0, null, "NO_TRACE"]);
  expect(daemon.requests.find(({ operation }) => operation === "propose")).toMatchObject({ trace: true });
  await raftctl(["put", "k", "v"], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
  expect(daemon.requests.filter(({ operation }) => operation === "propose").at(-1)).not.toHaveProperty("trace");
  await daemon.stop();
});
