// What a membership change would do before it is proposed: every configuration that it goes through, how many voters may fail in each of them and whose
// single failure would stop writes. Pure: the same arithmetic that the core uses for the change itself, over a membership and who is up (N4).

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { nextMembership } from "../raft/membership-change.ts";
import { isJoint, leaveJoint } from "../raft/membership.ts";
import type { Member, Membership, MembershipChange } from "../raft/membership.ts";
import type { ConfigurationReport, ConfigurationStep } from "../wire/admin-protocol.ts";
import { failureTolerance, nameOf, quorumOf } from "./status.ts";

export interface MemberPlan {
  readonly before: ConfigurationReport;
  readonly steps: readonly ConfigurationStep[];
  readonly after: ConfigurationReport;
  /** Where the membership stands behind the last step. */
  readonly membership: Membership;
  /** Why it is not done unless it is forced. */
  readonly refusal: string | undefined;
}

/** What one change does: newcomers enter as learners first, and then vote together with all that is moved besides. */
export interface PlannedChange extends Omit<MembershipChange, "upsert"> {
  /** Newcomers, taken to be up. */
  readonly add?: readonly Member[];
  /** Changed attributes of members. */
  readonly update?: readonly Member[];
}

/** By name, or by id. NOT_FOUND lists the names there are. */
export function findMember(membership: Membership, nameOrId: string): Member {
  const found = membership.members.find((member) => member.name === nameOrId || member.id === nameOrId);
  if (found !== undefined) return found;
  const names = membership.members.map((member) => member.name).join(", ");
  throw new RaftctlError("NOT_FOUND", `no member is called ${JSON.stringify(nameOrId)} (there are: ${names || "none"})`, { hint: "raftctl member list" });
}

/** @throws what nextMembership throws: no force helps against that. */
export function planChange(membership: Membership, change: PlannedChange, isUp: (id: NodeId) => boolean): MemberPlan {
  const added = change.add ?? [];
  const isUpThen = (id: NodeId): boolean => added.some((member) => member.id === id) || isUp(id);
  const states = statesOf(membership, change);
  const steps = states.map((state) => ({ what: state.what, configuration: configurationReport(state.membership, isUpThen) }));
  const last = states.at(-1)?.membership ?? membership;
  const before = configurationReport(membership, isUp);
  return { before, steps, after: steps.at(-1)?.configuration ?? before, membership: last, refusal: refusalOf(membership, last, isUpThen) };
}

export function configurationReport(membership: Membership, isUp: (id: NodeId) => boolean): ConfigurationReport {
  const names = (ids: readonly NodeId[]): string[] => ids.map((id) => nameOf(membership, id));
  const { voters, votersOutgoing, learners } = membership;
  const sets = isJoint(membership) ? [voters, votersOutgoing] : [voters];
  const tolerance = failureTolerance(membership, isUp);
  const everybody = [...new Set(sets.flat())];
  const critical = tolerance < 0 ? [] : everybody.filter((id) => isUp(id) && failureTolerance(membership, (other) => other !== id && isUp(other)) < 0);
  return {
    voters: names(voters), votersOutgoing: names(votersOutgoing), learners: names(learners),
    quorum: sets.map((set) => quorumOf(set.length)), tolerance, critical: names(critical),
  };
}

interface State {
  readonly what: string;
  readonly membership: Membership;
}

function statesOf(membership: Membership, { add = [], update = [], ...moved }: PlannedChange): readonly State[] {
  const states: State[] = [];
  let current = membership;
  if (add.length > 0) {
    current = nextMembership(current, { upsert: add });
    states.push({ what: `${listOf(add.map((member) => member.name))} ${add.length === 1 ? "enters as a learner" : "enter as learners"}`, membership: current });
  }
  const change = { ...moved, upsert: update, promote: [...(moved.promote ?? []), ...add.map((member) => member.id)] };
  if (changesNothing(change)) return states;
  const next = nextMembership(current, change);
  const what = describe(current, change);
  if (!isJoint(next)) return [...states, { what, membership: next }];
  return [...states, { what: `${what}: joint, both majorities decide`, membership: next }, { what: "the change is complete", membership: leaveJoint(next) }];
}

function changesNothing({ upsert = [], promote = [], demote = [], remove = [], beginReplacement, cancelReplacement }: MembershipChange): boolean {
  return upsert.length + promote.length + demote.length + remove.length === 0 && beginReplacement === undefined && cancelReplacement === undefined;
}

function describe(membership: Membership, { upsert = [], promote = [], demote = [], remove = [] }: MembershipChange): string {
  const names = (ids: readonly NodeId[]): string => listOf(ids.map((id) => nameOf(membership, id)));
  const parts = [
    promote.length === 0 ? [] : [`${names(promote)} ${promote.length === 1 ? "becomes a voter" : "become voters"}`],
    demote.length === 0 ? [] : [`${names(demote)} ${demote.length === 1 ? "becomes a learner" : "become learners"}`],
    remove.length === 0 ? [] : [`${names(remove)} ${remove.length === 1 ? "leaves" : "leave"}`],
    upsert.length === 0 ? [] : [`${listOf(upsert.map((member) => member.name))} ${upsert.length === 1 ? "is updated" : "are updated"}`],
  ];
  return parts.flat().join(", ");
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** A change of the voters must leave a majority that is up, or nothing could be decided any more, not even the way back. */
function refusalOf(before: Membership, after: Membership, isUp: (id: NodeId) => boolean): string | undefined {
  if (sameIds(before.voters, after.voters) || failureTolerance(after, isUp) >= 0) return undefined;
  mark("member-change-refused-too-few-up");
  const names = listOf(after.voters.map((id) => nameOf(after, id)));
  const up = after.voters.filter((id) => isUp(id)).length;
  return `only ${up} of the ${after.voters.length} voters ${names} would be up, and writes need ${quorumOf(after.voters.length)}`;
}

function sameIds(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return left.length === right.length && left.every((id) => right.includes(id));
}
