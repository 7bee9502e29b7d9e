// How a node comes to a region that exists already: under an id that was never used, as a learner, and as a voter once it has caught up. The newcomer
// drives it; a member hands what it asks for to the leader.

import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { globalRegion, parseNodeId, parseRegionId, type NodeId, type RegionId } from "../base/ids.ts";
import type { LeaderGateway } from "../host/leader-gateway.ts";
import type { Raft as Region } from "../host/region.ts";
import type { RaftNetwork } from "../host/transport.ts";
import { isVoter, type Member, type Membership } from "../raft/membership.ts";
import { limits } from "../wire/limits.ts";
import type { AdminRpc } from "../wire/peer-protocol.ts";

export const joinMethod = "join";
export const promoteMethod = "promote";

/** A learner that is no further behind is promoted, entries. */
const lagMax = 1_000;
const answerWithinMs = 5_000;
const repeatMs = 50;

export interface NewcomerOptions {
  readonly id: NodeId;
  readonly address: string | undefined;
  /** Members to ask, in turn. */
  readonly contacts: readonly NodeId[];
  readonly network: RaftNetwork;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** @param address where others find it; its id when only the program's own network knows */
export function memberOf(id: NodeId, address: string = id): Member {
  return { id, name: id, peerAddress: address, clientAddress: address, incarnation: 1, masterEligible: true };
}

export function votersOf(ids: readonly NodeId[]): Membership {
  return { voters: ids, votersOutgoing: [], learners: [], learnersNext: [], members: ids.map((id) => memberOf(id)) };
}

/** The newcomer's side: asks until a leader has made it a learner, and answers the region. @throws CANCELLED */
export async function askToJoin({ id, address, contacts, network, clock, signal }: NewcomerOptions): Promise<RegionId> {
  for (let attempt = 0; ; attempt += 1) {
    const contact = contacts[attempt % contacts.length]!;
    if (signal?.aborted === true) throw new RaftctlError("CANCELLED", `given up before a leader admitted node ${id}`, { cause: signal.reason });
    try {
      const rpc: AdminRpc = { type: "admin", hops: 0, method: joinMethod, params: address === undefined ? { id } : { id, address }, timeoutMs: answerWithinMs };
      const { result } = await network.forGroup(globalRegion).admin(contact, rpc, { timeoutMs: answerWithinMs });
      return parseRegionId((result as { region: number }).region);
    } catch (thrown) {
      if (!toRaftctlError(thrown).retryable) throw thrown;
      await pause(clock);
    }
  }
}

/** The newcomer's side: asks until it is a voter, was removed, or its node stops. */
export async function askToVote(region: Region, gateway: LeaderGateway, { clock, stopped }: { readonly clock: Clock; readonly stopped: AbortSignal }): Promise<void> {
  for (;;) {
    await pause(clock);
    if (stopped.aborted || isVoter(region.core.membership, region.id)) return;
    const rpc = { method: promoteMethod, params: { id: region.id }, timeoutMs: answerWithinMs };
    const error = await gateway.administer(rpc, async () => undefined).then(() => undefined, toRaftctlError);
    if (error?.code === "NOT_FOUND") return;
  }
}

/** The leader's side of both. @throws NOT_READY for a learner that is behind, and what a membership change is refused with */
export async function admit(region: Region, method: string, params: unknown): Promise<{ readonly region: RegionId }> {
  const { newcomer, address } = checkedParams(params);
  const { membership } = region.core;
  if (method === joinMethod) {
    const present = membership.members.some((member) => member.id === newcomer);
    if (!present) await region.changeMembership({ upsert: [memberOf(newcomer, address)] });
  } else if (!isVoter(membership, newcomer)) {
    const { peers, lastIndex } = region.core.status();
    const matchIndex = peers.find((peer) => peer.id === newcomer)?.matchIndex ?? 0;
    if (lastIndex - matchIndex > lagMax) throw new RaftctlError("NOT_READY", `node ${newcomer} is ${lastIndex - matchIndex} entries behind`);
    await region.changeMembership({ promote: [newcomer] });
  }
  return { region: region.region };
}

/** @throws BAD_REQUEST, INVALID_ARGUMENT */
function checkedParams(params: unknown): { newcomer: NodeId; address: string | undefined } {
  const { id, address } = (params ?? {}) as Record<string, unknown>;
  if (typeof id !== "string") throw new RaftctlError("BAD_REQUEST", "a newcomer says its id");
  if (address !== undefined && (typeof address !== "string" || address.length > limits.addressBytesMax)) {
    throw new RaftctlError("BAD_REQUEST", `the address of newcomer ${id} is not a text of at most ${limits.addressBytesMax} characters`);
  }
  return { newcomer: parseNodeId(id), address };
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.now() + repeatMs, resolve));
}
