// Whole nodes whose peers speak HTTP: the same daemon, the same core, another transport (S5, S15, S125).

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { joinDataDirectory, probeSource } from "../../src/daemon/offline.ts";
import { eventually } from "../platform/eventually.ts";
import { FormingNodes } from "./formation/support/forming-nodes.ts";
import { startCluster } from "./support/cluster.ts";

const overHttp = { "peer.transport": "http" };

test("three nodes over HTTP elect, replicate, lose their leader and go on with every acknowledged write (S5, S15, S117, S125)", async () => {
  await using fixture = await startCluster(3, overHttp);
  const { nodes } = fixture.cluster;
  for (const [number, node] of nodes.entries()) await fixture.client(node).kv.put(`k${number}`, `by ${number}`);
  const old = fixture.leader();
  const rest = fixture.followers();
  await old.stop({ transfer: false, drainMs: 0 });
  await eventually(() => rest.filter((node) => node.region.raft.core.role === "leader").length).toBe(1);
  for (const node of rest) {
    const client = fixture.client(node);
    for (const number of nodes.keys()) {
      const { record } = await client.kv.get(`k${number}`);
      expect(utf8Text(record!.value)).toBe(`by ${number}`);
    }
    expect((await client.kv.put("after", node.clientAddress)).index).toBeGreaterThan(0);
  }
  const facts = await fixture.client(rest[0]!).admin.call("diagnose", {});
  expect(facts.peers.filter(({ knock }) => knock.ok)).toHaveLength(2);
}, 60_000);

test("a node that would speak TCP is not let into a cluster over HTTP, nor the reverse, and is told what to set; a probe finds both (S125)", async () => {
  const directory = await mkdtemp(join(tmpdir(), "raftctl-mismatch-"));
  try {
    for (const [inside, outside] of [["http", "tcp"], ["tcp", "http"]] as const) {
      await using fixture = await startCluster(1, { "peer.transport": inside });
      const [node] = fixture.cluster.nodes;
      const settings = { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0", peerTransport: outside };
      const joining = joinDataDirectory(join(directory, outside), { name: "n2", settings, seeds: [node!.peerAddress], role: "voter", promote: "auto", timeoutMs: 5_000, giveUpMs: 5_000 });
      await expect(joining).rejects.toMatchObject({ code: "INCOMPATIBLE", message: expect.stringContaining(`speaks ${inside} with its peers`), hint: expect.stringContaining(`--peer-transport ${inside}`) });
      const { hosts } = await probeSource({ source: `static:${node!.peerAddress}`, dnsServers: undefined, timeoutMs: 5_000 });
      expect(hosts).toMatchObject([{ reachable: true, name: "n1" }]);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 60_000);

test("empty nodes find each other and form a cluster over HTTP (S16, S69, S71)", async () => {
  await using forming = await FormingNodes.make(0);
  for (const name of ["n1", "n2", "n3"]) await forming.add(name, 3, overHttp);
  await forming.publish(forming.nodes);
  for (const node of forming.nodes) await node.start();
  expect(await Promise.all(forming.nodes.map(({ daemon }) => daemon!.entered))).toEqual(["voter", "voter", "voter"]);
  expect(await forming.clusters()).toHaveLength(1);
}, 60_000);
