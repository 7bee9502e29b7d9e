// What an operator asks for, turned into the next membership: pure arithmetic. Whatever touches voters becomes a joint membership (§6),
// whatever touches only learners or attributes a simple one. A change that would be unsafe or makes no sense is a RaftctlError and nothing else.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { membersMax } from "./membership-codec.ts";
import { isJoint, memberOf } from "./membership.ts";
import type { Member, Membership, MembershipChange, Replacement } from "./membership.ts";

/**
 * @param current not joint.
 * @returns a joint membership when voters change, otherwise the final one.
 * @throws INVALID_ARGUMENT (contradicts itself), NOT_FOUND, CONFLICT (name, address, incarnation or role in use), UNSAFE (no voter left, a
 *   member that did not catch up as a learner, a voter whose disk was replaced).
 */
export function nextMembership(current: Membership, change: MembershipChange): Membership {
  if (isJoint(current)) throw new RaftctlError("CHANGE_IN_PROGRESS", "a membership change is in progress: wait until it is complete");
  const asked = { upsert: change.upsert ?? [], promote: change.promote ?? [], demote: change.demote ?? [], remove: change.remove ?? [] };
  checkIsCoherent(asked, change);
  for (const member of asked.upsert) checkUpsert(current, member);
  for (const id of asked.promote) checkPromotion(current, id);
  for (const id of asked.demote) checkDemotion(current, id);
  for (const id of asked.remove) checkIsMember(current, id, "removed");
  const replacements = nextReplacements(current, change);
  const next = build(current, asked);
  return replacements.length === 0 ? next : { ...next, replacements };
}

type Asked = Required<Pick<MembershipChange, "upsert" | "promote" | "demote" | "remove">>;

function build(current: Membership, asked: Asked): Membership {
  const promoted = new Set(asked.promote);
  const demoted = new Set(asked.demote);
  const removed = new Set(asked.remove);
  const members = mergedMembers(current, asked.upsert);
  const added = asked.upsert.filter((member) => memberOf(current, member.id) === undefined).map((member) => member.id);
  const voters = [...current.voters.filter((id) => !demoted.has(id) && !removed.has(id)), ...asked.promote];
  const learners = [...current.learners.filter((id) => !promoted.has(id) && !removed.has(id)), ...added];
  checkVotersRemain(voters, members);
  checkAreDistinct(members.filter((member) => !removed.has(member.id)));
  const touchesVoters = promoted.size > 0 || demoted.size > 0 || current.voters.some((id) => removed.has(id));
  if (touchesVoters) return { voters, votersOutgoing: current.voters, learners, learnersNext: asked.demote, members: kept(members, current, removed) };
  return { voters, votersOutgoing: [], learners, learnersNext: [], members: members.filter((member) => !removed.has(member.id)) };
}

/** A removed voter counts in C_old until the joint membership is left, so its address stays known; a removed learner goes at once. */
function kept(members: readonly Member[], current: Membership, removed: ReadonlySet<NodeId>): readonly Member[] {
  return members.filter((member) => !removed.has(member.id) || current.voters.includes(member.id));
}

function mergedMembers(current: Membership, upsert: readonly Member[]): readonly Member[] {
  const changed = new Map(upsert.map((member) => [member.id, member]));
  const added = upsert.filter((member) => memberOf(current, member.id) === undefined);
  return [...current.members.map((member) => changed.get(member.id) ?? member), ...added];
}

/** An operation is over when its leaving member leaves. */
function nextReplacements({ replacements = [], members }: Membership, change: MembershipChange): readonly Replacement[] {
  const { beginReplacement: begun, cancelReplacement: cancelled, remove = [] } = change;
  if (cancelled !== undefined && !replacements.some(({ id }) => id === cancelled)) {
    mark("change-refused-no-such-replacement");
    throw new RaftctlError("NOT_FOUND", `no replacement ${cancelled} is under way`);
  }
  const staying = replacements.filter(({ id, leaving }) => id !== cancelled && !remove.includes(leaving));
  if (begun === undefined) return staying;
  if (!members.some(({ id }) => id === begun.leaving)) throw new RaftctlError("NOT_FOUND", `member ${begun.leaving} cannot be replaced: it is not a member`);
  const taken = staying.find(({ leaving, newcomer }) => leaving === begun.leaving || newcomer === begun.newcomer);
  if (taken === undefined) return [...staying, begun];
  mark("change-refused-replacement-under-way");
  throw new RaftctlError("CONFLICT", `replacement ${taken.id} of member ${taken.leaving} by ${taken.newcomer} is under way: cancel it first`);
}

function checkIsCoherent(asked: Asked, { beginReplacement, cancelReplacement }: MembershipChange): void {
  const upserted = asked.upsert.map((member) => member.id);
  const moved = [...asked.promote, ...asked.demote, ...asked.remove];
  const concernsReplacements = beginReplacement !== undefined || cancelReplacement !== undefined;
  if (upserted.length + moved.length === 0 && !concernsReplacements) throw new RaftctlError("INVALID_ARGUMENT", "the membership change is empty: name a member");
  const twice = firstRepeated(moved) ?? firstRepeated(upserted) ?? asked.remove.find((id) => upserted.includes(id));
  if (twice !== undefined) throw new RaftctlError("INVALID_ARGUMENT", `the membership change names member ${twice} twice: name it once`);
}

function checkUpsert(current: Membership, member: Member): void {
  if (member.name === "" || member.peerAddress === "" || member.clientAddress === "") {
    throw new RaftctlError("INVALID_ARGUMENT", `member ${member.id} has an empty name or address: give it one`);
  }
  const present = memberOf(current, member.id);
  if (present === undefined || member.incarnation === present.incarnation) return;
  if (member.incarnation < present.incarnation) {
    throw new RaftctlError(
      "CONFLICT",
      `member ${member.name} (${member.id}) has incarnation ${member.incarnation}, below ${present.incarnation}: this disk was replaced since`,
    );
  }
  if (!current.voters.includes(member.id)) return;
  mark("change-refused-voter-lost-its-disk");
  throw new RaftctlError(
    "UNSAFE",
    `member ${member.name} (${member.id}) votes and has lost its disk (incarnation ${member.incarnation}): remove it, then add it as a learner`,
  );
}

function checkPromotion(current: Membership, id: NodeId): void {
  if (current.learners.includes(id)) return;
  checkIsMember(current, id, "promoted");
  mark("change-refused-votes-already");
  throw new RaftctlError("CONFLICT", `member ${id} votes already`);
}

function checkDemotion(current: Membership, id: NodeId): void {
  if (current.voters.includes(id)) return;
  checkIsMember(current, id, "demoted");
  mark("change-refused-learner-already");
  throw new RaftctlError("CONFLICT", `member ${id} is a learner already`);
}

function checkIsMember(current: Membership, id: NodeId, what: string): void {
  if (memberOf(current, id) !== undefined) return;
  mark("change-refused-no-such-member");
  throw new RaftctlError("NOT_FOUND", `member ${id} cannot be ${what}: it is not a member (a new one is added as a learner first)`);
}

function checkVotersRemain(voters: readonly NodeId[], members: readonly Member[]): void {
  if (voters.length === 0) mark("change-refused-no-voter-would-remain");
  if (voters.length === 0) throw new RaftctlError("UNSAFE", "no voter would remain: promote another member first", { hint: "raftctl daemon stop stops the process and keeps the cluster" });
  if (members.some((member) => member.masterEligible && voters.includes(member.id))) return;
  mark("change-refused-nobody-could-lead");
  throw new RaftctlError("UNSAFE", "no voter that may lead would remain: keep one that is master-eligible");
}

function checkAreDistinct(members: readonly Member[]): void {
  if (members.length > membersMax) {
    throw new RaftctlError("INVALID_ARGUMENT", `${members.length} members are more than ${membersMax}`);
  }
  for (const key of ["name", "peerAddress", "clientAddress"] as const) {
    const repeated = firstRepeated(members.map((member) => member[key]));
    if (repeated !== undefined) {
      mark("change-refused-name-or-address-taken");
      throw new RaftctlError("CONFLICT", `two members have the ${key} ${JSON.stringify(repeated)}: choose another`);
    }
  }
}

function firstRepeated<T>(values: readonly T[]): T | undefined {
  return values.find((value, position) => values.indexOf(value) !== position);
}
