// Membership changes as operators word them, in names, turned into changes of ids; and sequences of them, planned one after the other (N4).

import { RaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId } from "../base/ids.ts";
import type { Member, Membership, MembershipChange } from "../raft/membership.ts";
import type { MemberChangeRequest, MemberPlanReport, MemberPlanRequest, MemberUpdate } from "../wire/admin-protocol.ts";
import { configurationReport, findMember, planChange } from "./member-plan.ts";

/** @throws NOT_FOUND, INVALID_ARGUMENT */
export function resolveChange(membership: Membership, request: Pick<MemberChangeRequest, "promote" | "demote" | "remove" | "update">): MembershipChange {
  const ids = (names: readonly string[]): NodeId[] => names.map((name) => findMember(membership, name).id);
  return {
    promote: ids(request.promote), demote: ids(request.demote), remove: ids(request.remove),
    upsert: request.update.map((update) => updated(findMember(membership, update.node), update)),
  };
}

function updated(member: Member, { name, peerAddress, clientAddress, masterEligible }: MemberUpdate): Member {
  return {
    ...member,
    name: name ?? member.name,
    peerAddress: peerAddress ?? member.peerAddress,
    clientAddress: clientAddress ?? member.clientAddress,
    masterEligible: masterEligible ?? member.masterEligible,
  };
}

/** Each change starts where the one before it ends. One that could not be done at all ends the sequence, with the reason. */
export function planSequence(membership: Membership, requests: readonly MemberPlanRequest[], isUp: (id: NodeId) => boolean): MemberPlanReport {
  const before = configurationReport(membership, isUp);
  const changes: MemberPlanReport["changes"] = [];
  const newcomers = new Set<NodeId>();
  const isUpThen = (id: NodeId): boolean => newcomers.has(id) || isUp(id);
  let current = membership;
  for (const request of requests) {
    try {
      const add = request.add.map((name, position) => unknownMember(current, name, position));
      for (const { id } of add) newcomers.add(id);
      const { upsert: _upsert, ...moved } = resolveChange(current, { ...request, update: [] });
      const { steps, refusal, membership: next } = planChange(current, { ...moved, add }, isUpThen);
      changes.push({ steps: [...steps], refusal: refusal ?? null });
      current = next;
    } catch (error) {
      if (!(error instanceof RaftctlError)) throw error;
      changes.push({ steps: [], refusal: error.message });
      break;
    }
  }
  return { before, changes, after: configurationReport(current, isUpThen) };
}

/** Somebody of whom only the name is known; its id and its addresses are nobody else's. */
export function unknownMember(membership: Membership, name: string, position = 0): Member {
  const taken = new Set(membership.members.map(({ id }) => id));
  let number = 1n + BigInt(position);
  while (taken.has(parseNodeId(String(number)))) number += 256n;
  return { id: parseNodeId(String(number)), name, peerAddress: `${name}:peer`, clientAddress: `${name}:client`, incarnation: 1, masterEligible: true };
}
