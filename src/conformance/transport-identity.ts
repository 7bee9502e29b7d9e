// Claims about who talks to whom: nodes of another cluster, at another address, or unwelcome ones.

import assert from "node:assert/strict";
import { RaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId } from "../base/ids.ts";
import { rejectsWith } from "./conformance-case.ts";
import { peerRequests, peerResponses } from "./peer-samples.ts";
import { callOf, pairOf, propose, region, soon } from "./transport-calls.ts";
import { clusterId, otherClusterId, type TransportCluster } from "./transport-cluster.ts";

export const identityClaims: Readonly<Record<string, (cluster: TransportCluster) => Promise<void>>> = {
  "after a change of address the next call goes to the new one, the id unchanged (S10)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await propose(one, two, 1);
    const moved = await cluster.add(two.id);
    await propose(one, moved, 2);
    assert.deepEqual([two.received.length, moved.received.length, moved.id], [1, 1, two.id]);
  },

  "a node of another cluster is refused with CLUSTER_MISMATCH and its calls reach nobody (S11, T11)": async (cluster) => {
    const one = await cluster.add("1");
    const stranger = await cluster.add("2", { clusterId: otherClusterId });
    await rejectsWith("CLUSTER_MISMATCH", propose(stranger, one, 1));
    await rejectsWith("CLUSTER_MISMATCH", propose(one, stranger, 1));
    assert.deepEqual([...one.received, ...stranger.received], []);
  },

  "a node that a recovery gave up is refused with CLUSTER_RECOVERED in both directions, and a probe tells its incarnation (N3)": async (cluster) => {
    const recovered = await cluster.add("1", { clusterIncarnation: 2 });
    const dead = await cluster.add("2");
    await rejectsWith("CLUSTER_RECOVERED", propose(dead, recovered, 1));
    await rejectsWith("CLUSTER_RECOVERED", propose(recovered, dead, 1));
    await rejectsWith("CLUSTER_RECOVERED", dead.transport.callAddress(recovered.address(), region, peerRequests.admin, soon));
    assert.equal((await recovered.transport.probe(dead.address(), soon)).clusterIncarnation, 1);
    assert.deepEqual([...recovered.received, ...dead.received], []);
  },

  "a wrong node at an address, and oneself, is refused with PEER_IDENTITY_MISMATCH (S59)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    const absent = parseNodeId("3");
    const call = (target: NodeId) => callOf(one).timeoutNow(target, peerRequests.timeoutNow, soon);
    cluster.addresses.set(absent, two.address());
    await rejectsWith("PEER_IDENTITY_MISMATCH", call(absent));
    cluster.addresses.set(absent, one.address());
    await rejectsWith("PEER_IDENTITY_MISMATCH", call(absent));
    await rejectsWith("PEER_IDENTITY_MISMATCH", call(one.id));
    assert.deepEqual([...one.received, ...two.received], []);
  },

  "whom the directory refuses learns why (H8)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    cluster.refusals.set(one.id, new RaftctlError("INCARNATION_REFUSED", "node 1 was wiped"));
    await rejectsWith("INCARNATION_REFUSED", propose(one, two, 1));
    assert.deepEqual(two.received, []);
  },

  "a probe tells who listens, and a newcomer without a cluster may ask (U9)": async (cluster) => {
    const one = await cluster.add("1", { incarnation: 4 });
    const newcomer = await cluster.add("5", { clusterId: undefined, clusterIncarnation: undefined });
    assert.deepEqual({ ...(await newcomer.transport.probe(one.address(), soon)) }, { clusterId, clusterIncarnation: 1, nodeId: one.id, incarnation: 4, name: "n1", regions: [region] });
    const probed = await one.transport.probe(newcomer.address(), soon);
    assert.deepEqual([probed.clusterId, probed.nodeId], [undefined, newcomer.id]);
    assert.deepEqual({ ...(await newcomer.transport.callAddress(one.address(), region, peerRequests.admin, soon)) }, peerResponses.admin);
    assert.deepEqual(one.received.map(({ from, region: group, type }) => [from, group, type]), [[newcomer.id, region, "admin"]]);
  },
};
