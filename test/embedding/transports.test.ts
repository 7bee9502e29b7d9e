// Embedded nodes over transports that encode what they carry: the custom one of the documentation, and TCP.

import { expect, test } from "vitest";
import { parseClusterId, parseNodeId } from "../../src/base/ids.ts";
import { Prng } from "../../src/base/prng.ts";
import { Raft, type MemberNetwork, type NodeId } from "../../src/embedding/index.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { TcpTransport } from "../../src/platform/tcp-transport.ts";
import type { LocalIdentity, PeerDirectory, Transport } from "../../src/transport.ts";
import { MessagePortTransport } from "../platform/message-port-transport.ts";
import { Counter, type Add, type TooLow } from "./counters.ts";

type Bound = Transport & { readonly address: unknown };
const clusterId = parseClusterId("00000000000000000000000000000007");
const clock = new SystemClock();
const switchboard = new Map();

const kinds: Readonly<Record<string, (identity: LocalIdentity, directory: PeerDirectory) => Bound>> = {
  "message ports": (identity, directory) => new MessagePortTransport(switchboard, identity, directory),
  TCP: (identity, directory) => new TcpTransport({ clock, prng: new Prng(1), identity, directory, address: { host: "127.0.0.1", port: 0 } }),
};

test.each(Object.keys(kinds))("over %s three nodes agree, a refusal arrives with code and fields, and a newcomer is let in (S15, S37)", async (kind) => {
  const addresses = new Map<NodeId, string>();
  const directory: PeerDirectory = { addressOf: (id) => addresses.get(id), refusalOf: () => undefined };
  const network = (id: NodeId): MemberNetwork => {
    const transport = kinds[kind]!({ clusterId, clusterIncarnation: 1, nodeId: id, incarnation: 1, name: id, regions: [], version: "0" }, directory);
    const start: MemberNetwork["start"] = async (receiver) => {
      await transport.start(receiver);
      const { address } = transport;
      addresses.set(id, typeof address === "string" ? address : `127.0.0.1:${(address as { port: number }).port}`);
    };
    return { network: transport.network, start, stop: () => transport.stop() };
  };
  const founders = ["1", "2", "18446744073709551615"];
  const start = (id: string) => Raft.start<Add, number, TooLow>({ id, founders, machine: new Counter(), network, electionTimeoutMs: 300, timeoutMs: 15_000 });
  const nodes = await Promise.all(founders.map(start));
  for (const node of nodes) expect((await node.client({ entry: { add: 2 } })).refused).toBeUndefined();
  for (const node of nodes) expect(await node.client({ entry: { add: -7 } })).toMatchObject({ refused: { code: "TOO_LOW", value: 6, asked: -7 } });
  await nodes.find(({ isLeader }) => isLeader)!.takeSnapshot();
  const counter = new Counter();
  const newcomer = await Raft.start<Add, number, TooLow>({ join: [parseNodeId("2")], machine: counter, network, address: "somewhere:1", electionTimeoutMs: 300, timeoutMs: 15_000 });
  expect(await newcomer.client({ entry: { add: 1 } })).toMatchObject({ result: 7 });
  await newcomer.readable();
  expect(counter.value).toBe(7);
  expect(newcomer.membership.members.find(({ id }) => id === newcomer.id)?.peerAddress).toBe("somewhere:1");
  await Promise.all([...nodes, newcomer].map((node) => node.stop()));
});
