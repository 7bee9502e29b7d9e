// `discovery probe` against real nodes, a real name server and addresses where nobody listens.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { NameServer } from "../daemon/discovery/name-server.ts";
import { raftctl } from "./run-raftctl.ts";

let cluster: Cluster;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "raftctl-probe-"));
  cluster = await createCluster({ nodes: 1 });
});

afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const probe = (source: string, ...more: string[]) => raftctl(["discovery", "probe", "--discovery", source, "--json", ...more]);
const peer = (): string => cluster.nodes[0]!.peerAddress;
const port = (): string => peer().split(":").at(-1)!;

test("a node that answers is named with its cluster (S16, S69)", async () => {
  const file = join(directory, "nodes");
  await writeFile(file, `${peer()} global\n`);
  const { code, json } = await probe(`file:${file}`);
  expect(code).toBe(0);
  expect(json).toMatchObject({ schema: "raftctl.discovery-probe/v1", result: { hosts: [{ address: peer(), regions: ["global"], reachable: true, name: "n1", error: null }], reachable: [peer()] } });
  expect(json.result.identity.clusterIds).toEqual([json.result.hosts[0].clusterId]);
});

test("records of a name server are looked up and knocked at (S17)", async () => {
  const server = new NameServer();
  const address = await server.start();
  server.hosts.set("nodes.example", { v4: ["127.0.0.1"] });
  const { code, json } = await probe(`dns:nodes.example:${port()}`, "--dns-server", address);
  const nobody = await probe("dns:nobody.example", "--dns-server", address);
  await server.stop();
  expect([code, json.result.reachable]).toEqual([0, [peer()]]);
  expect([nobody.code, nobody.json.error?.code, nobody.json.result.hosts]).toEqual([4, "NOT_FOUND", []]);
});

test("an address where nobody listens is 11, and says which one", async () => {
  const { code, json } = await probe(`static:${peer()},127.0.0.1:1`);
  expect(code).toBe(11);
  expect(json.error?.message).toBe("1 of 2 nodes answer; not 127.0.0.1:1");
  expect(json.result.hosts[1]).toMatchObject({ reachable: false, clusterId: null, error: { code: "UNREACHABLE" } });
  const text = await raftctl(["discovery", "probe", "--discovery", `static:${peer()},127.0.0.1:1`]);
  expect(text.stdout).toMatch(/ADDRESS +NODE +CLUSTER +REGIONS +ANSWER/);
});

test("a source that nobody knows is 2, a file that is not there 4", async () => {
  expect([(await probe("consul:nodes")).code, (await probe(`file:${join(directory, "absent")}`)).code]).toEqual([2, 4]);
});
