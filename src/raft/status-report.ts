// Builds a RaftStatus from the state: a copy for people and observers, made when asked for, never on the hot path.

import type { Progress } from "./progress.ts";
import { majority } from "./quorum.ts";
import type { Election, State } from "./state.ts";
import type { PeerStatus, RaftStatus, Votes } from "./status.ts";

export function statusOf(state: State): RaftStatus {
  const { log, memberships, election } = state;
  return {
    id: state.id,
    role: state.role,
    currentTerm: state.currentTerm,
    votedFor: state.votedFor,
    leader: state.leader,
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    snapshotIndex: log.snapshotIndex,
    lastIndex: log.lastIndex,
    lastTerm: log.lastTerm,
    membership: memberships.current,
    membershipIndex: memberships.currentIndex,
    termCommitted: state.termCommitted,
    votes: election === undefined || state.leader !== undefined ? undefined : votesOf(state, election),
    transferTarget: state.transfer?.target,
    peers: state.leadership?.peers.map(peerStatus) ?? [],
  };
}

function votesOf(state: State, { votes }: Election): Votes {
  const { voters, votersOutgoing } = state.membership;
  const all = [...new Set([...voters, ...votersOutgoing])];
  return {
    granted: all.filter((id) => votes.get(id) === true),
    refused: all.filter((id) => votes.get(id) === false),
    missing: all.filter((id) => !votes.has(id)),
    needed: [voters, votersOutgoing].filter((group) => group.length > 0).map((group) => majority(group.length)),
  };
}

function peerStatus({ id, matchIndex, nextIndex, state, lastContact }: Progress): PeerStatus {
  return { id, matchIndex, nextIndex, state, lastContact };
}
