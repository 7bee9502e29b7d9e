// The shapes of the network port, held against the list of messages: most of this is checked by the compiler, and the run only completes it.

import { expect, expectTypeOf, test } from "vitest";
import type { NodeId } from "../src/base/ids.ts";
import type { RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport } from "../src/host/transport.ts";
import { peerMessageTypes } from "../src/wire/peer-protocol.ts";
import type { PeerCalls, PeerMessageType } from "../src/wire/peer-protocol.ts";

type Call = keyof PeerCalls;

test("a network only sends: it has nothing to listen, accept or handle with (S4)", () => {
  expectTypeOf<keyof RaftNetwork>().toEqualTypeOf<"forGroup">();
  expectTypeOf<Extract<keyof RaftClusterMember, `${string}${"listen" | "accept" | "handle"}${string}`>>().toBeNever();
});

test("every call has the shape (target, rpc, options) => Promise<response>, with a time limit and a signal (S7)", () => {
  type Shaped = { [C in Call]: RaftClusterMember[C] extends (target: NodeId, rpc: PeerCalls[C]["request"], options: RpcOptions) => Promise<PeerCalls[C]["response"]> ? true : C }[Call];
  expectTypeOf<Shaped>().toEqualTypeOf<true>();
  type Arguments = { [C in Call]: Parameters<RaftClusterMember[C]>["length"] }[Call];
  expectTypeOf<Arguments>().toEqualTypeOf<3>();
  expectTypeOf<RpcOptions["timeoutMs"]>().toEqualTypeOf<number>();
  expectTypeOf<RpcOptions["signal"]>().toEqualTypeOf<AbortSignal | undefined>();
});

test("sending and handling are two interfaces with one method for each message, and no message without one (S126, S129)", () => {
  expectTypeOf<keyof RaftClusterMember>().toEqualTypeOf<PeerMessageType>();
  expectTypeOf<keyof RaftReceiver>().toEqualTypeOf<PeerMessageType>();
  expectTypeOf<Call>().toEqualTypeOf<PeerMessageType>();
  expect(new Set(Object.values(peerMessageTypes)).size).toBe(Object.keys(peerMessageTypes).length);
  for (const raftCall of ["requestVote", "preVote", "appendEntries", "installSnapshot", "timeoutNow"]) expect(peerMessageTypes).toHaveProperty(raftCall);
});

test("one transport owns both sides: it gives the network and takes the receiver (S128)", () => {
  expectTypeOf<Transport["network"]>().toEqualTypeOf<RaftNetwork>();
  expectTypeOf<Parameters<Transport["start"]>>().toEqualTypeOf<[receiver: RaftReceiver]>();
});
