// The plan of a recovery: which survivor becomes the only voter of the cluster's next incarnation, and what that may lose. Pure: equal documents give
// equal plans. Refuses whatever cannot have been a lost quorum, and whatever would make the answer a guess.

import { RaftctlError } from "../../base/errors.ts";
import type { ClusterId, NodeId } from "../../base/ids.ts";
import type { HardState, LogPosition } from "../../raft/entry.ts";
import type { Member, Membership } from "../../raft/membership.ts";
import { decides, decidesAny, possibleLoss, relevantMemberships, type PossibleLoss } from "./possible-loss.ts";
import { checkSurvivors } from "./survivor-check.ts";
import { committedIndexOf, holdsCommitted, lastPosition, latestMembership, termAt, type Survivor } from "./survivor.ts";

export interface RecoveryPlan {
  readonly planId: string;
  /** ISO 8601, for people. */
  readonly madeAt: string;
  readonly clusterId: ClusterId;
  /** Before and after. */
  readonly fromIncarnation: number;
  readonly clusterIncarnation: number;
  readonly survivor: ChosenSurvivor;
  /** What is appended to the survivor's log: a membership with the survivor as its only voter. */
  readonly entry: LogPosition;
  readonly membership: Membership;
  /** Survivors that were not chosen: they join again with an empty directory. */
  readonly rejoin: readonly NamedNode[];
  readonly dead: readonly NamedNode[];
  /** The dead are a majority by themselves: only the operator knows that they will not go on without the survivors. */
  readonly deadCouldDecide: boolean;
  readonly loss: PossibleLoss;
}

export interface NamedNode {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly peerAddress: string;
}

/** The state in which the plan saw it; anything else and the plan is void. */
export interface ChosenSurvivor extends NamedNode {
  readonly directory: string;
  readonly last: LogPosition;
  readonly hardState: HardState;
}

export interface PlanRequest {
  readonly survivors: readonly Survivor[];
  /** Names or ids. */
  readonly dead: readonly string[];
  readonly planId: string;
  readonly madeAt: string;
}

/** @throws UNSAFE, NOT_FOUND for a name that nobody has, CORRUPT when survivors contradict each other about what is committed */
export function planRecovery(request: PlanRequest): RecoveryPlan {
  const { survivors, planId, madeAt } = request;
  const reference = checkSurvivors(survivors);
  const committed: LogPosition = { index: committedIndexOf(reference), term: termAt(reference, committedIndexOf(reference)) ?? 0 };
  const chosen = bestOf(survivors.filter((survivor) => holdsCommitted(survivor, committed)));
  const memberships = relevantMemberships(survivors, reference, committed.index);
  const members = membersOf([latestMembership(chosen), ...memberships]);
  checkAreMembers(survivors, members);
  const dead = deadMembers(request.dead, members, survivors);
  const deadIds = new Set(dead.map(({ id }) => id));
  checkQuorumIsLost(survivors, latestMembership(chosen));
  return {
    planId, madeAt,
    clusterId: chosen.clusterId,
    fromIncarnation: chosen.clusterIncarnation,
    clusterIncarnation: chosen.clusterIncarnation + 1,
    survivor: { ...named(memberIn(members, chosen.nodeId)), directory: chosen.directory, last: lastPosition(chosen), hardState: chosen.hardState },
    entry: { index: chosen.lastIndex + 1, term: Math.max(...survivors.map(({ hardState }) => hardState.currentTerm)) + 1 },
    membership: onlyVoter(memberIn(members, chosen.nodeId)),
    rejoin: survivors.filter((survivor) => survivor !== chosen).map(({ nodeId }) => named(memberIn(members, nodeId))),
    dead: dead.map(named),
    deadCouldDecide: decidesAny(memberships, deadIds),
    loss: possibleLoss({ survivors, chosen, committed, dead: deadIds, memberships }),
  };
}

/** Who would win an election among them (§5.4.1); of equals the lowest id, so that the answer is always the same. */
function bestOf(survivors: readonly Survivor[]): Survivor {
  return survivors.toSorted((left, right) => {
    const [one, other] = [lastPosition(left), lastPosition(right)];
    return other.term - one.term || other.index - one.index || (BigInt(left.nodeId) < BigInt(right.nodeId) ? -1 : 1);
  })[0]!;
}

/** The latest attributes win: the chosen survivor's membership comes first. */
function membersOf(memberships: readonly Membership[]): readonly Member[] {
  const members = new Map<NodeId, Member>();
  for (const member of memberships.flatMap((membership) => membership.members)) if (!members.has(member.id)) members.set(member.id, member);
  return [...members.values()];
}

function memberIn(members: readonly Member[], id: NodeId): Member {
  return members.find((member) => member.id === id)!;
}

function checkAreMembers(survivors: readonly Survivor[], members: readonly Member[]): void {
  const stranger = survivors.find(({ nodeId }) => !members.some(({ id }) => id === nodeId));
  if (stranger === undefined) return;
  throw new RaftctlError("UNSAFE", `${stranger.name} (${stranger.directory}) is not a member of the cluster any more`, { hint: "leave its directory out" });
}

/** Every member is either collected or named dead: one that is neither may still serve. */
function deadMembers(wanted: readonly string[], members: readonly Member[], survivors: readonly Survivor[]): readonly Member[] {
  const isSurvivor = ({ id }: Member): boolean => survivors.some(({ nodeId }) => nodeId === id);
  const dead = wanted.map((text) => {
    const found = members.filter((member) => member.id === text || member.name === text);
    if (found.length === 0) throw new RaftctlError("NOT_FOUND", `no member is called ${JSON.stringify(text)}`, { hint: `members are ${members.map(({ name }) => name).join(", ")}` });
    if (found.length > 1) throw new RaftctlError("UNSAFE", `${found.length} members are called ${text}`, { hint: `name the id: ${found.map(({ id }) => id).join(" or ")}` });
    if (isSurvivor(found[0]!)) throw new RaftctlError("UNSAFE", `${text} is named dead, but its data directory is here`, { hint: "name only nodes that are gone for good" });
    return found[0]!;
  });
  const unaccounted = members.filter((member) => !isSurvivor(member) && !dead.includes(member));
  if (unaccounted.length > 0) {
    throw new RaftctlError("UNSAFE", `${namesOf(unaccounted)}: neither collected nor named dead; a node that still runs would go on with the old cluster`, {
      hint: "stop it and collect its directory too, or add it to --dead when it is gone for good", details: { unaccounted: unaccounted.map(({ name }) => name) },
    });
  }
  return [...new Set(dead)];
}

function checkQuorumIsLost(survivors: readonly Survivor[], membership: Membership): void {
  if (!decides(membership, new Set(survivors.map(({ nodeId }) => nodeId)))) return;
  const names = survivors.map(({ name }) => name).join(", ");
  throw new RaftctlError("UNSAFE", `the quorum is not lost: a majority of the ${membership.voters.length} voters is here (${names})`, {
    hint: "start them (raftctl daemon start) and remove the others: raftctl leave --node NAME",
  });
}

/** Eligible whatever it was before: nobody else could lead. */
function onlyVoter(member: Member): Membership {
  return { voters: [member.id], votersOutgoing: [], learners: [], learnersNext: [], members: [{ ...member, masterEligible: true }] };
}

function named({ id, name, peerAddress }: Member): NamedNode {
  return { nodeId: id, name, peerAddress };
}

function namesOf(members: readonly Member[]): string {
  return members.map(({ name }) => name).join(", ");
}
