// Messages, Readys and statuses as text, one line each, for people, logs and scripts. Node ids are shown by `nameOf`, which defaults to the id.

import { unreachable } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import { entryTypes } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { isJoint } from "./membership.ts";
import type { Membership } from "./membership.ts";
import type { Message } from "./message.ts";
import type { Answer, PersistBatch, RaftEvent, Ready } from "./ready.ts";
import type { RaftStatus } from "./status.ts";

export type NameOf = (id: NodeId) => string;
const byId: NameOf = (id) => id;

export function describeMessage(message: Message): string {
  const head = `${message.type} term=${message.term}`;
  switch (message.type) {
    case "requestVote":
    case "preVote": {
      const transfer = message.type === "requestVote" && message.leadershipTransfer ? " leadershipTransfer" : "";
      return `${head} lastLog=${message.lastLogIndex}/${message.lastLogTerm}${transfer}`;
    }
    case "requestVoteResponse":
    case "preVoteResponse":
      return `${head} ${message.voteGranted ? "granted" : "refused"}`;
    case "appendEntries": {
      const round = message.round === 0 ? "" : ` round=${message.round}`;
      return `${head} prevLog=${message.prevLogIndex}/${message.prevLogTerm} entries=${describeEntries(message.entries)} leaderCommit=${message.leaderCommit}${round}`;
    }
    case "appendEntriesResponse": {
      const round = message.round === 0 ? "" : ` round=${message.round}`;
      const pledge = message.pledge === undefined ? "" : ` pledge=${message.pledge.durationMs}`;
      if (message.success) return `${head} success matchIndex=${message.matchIndex}${round}${pledge}`;
      return `${head} refused conflict=${message.conflictIndex}/${message.conflictTerm} lastLogIndex=${message.lastLogIndex}${round}`;
    }
    case "installSnapshot":
      return `${head} snapshot=${message.snapshot.index}/${message.snapshot.term}`;
    case "installSnapshotResponse":
      return `${head} ${message.accepted ? "accepted" : "refused"} matchIndex=${message.matchIndex}`;
    case "timeoutNow":
    case "timeoutNowResponse":
      return head;
    default:
      return unreachable(message);
  }
}

/** `[5/2..7/2]`: index/term of the first and the last entry; no-ops and memberships of short runs are marked. */
export function describeEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return "[]";
  if (entries.length <= 4) return `[${entries.map(describeEntry).join(" ")}]`;
  return `[${describeEntry(entries[0]!)}..${describeEntry(entries[entries.length - 1]!)}]`;
}

export function describeMembership(membership: Membership, nameOf: NameOf = byId): string {
  const list = (ids: readonly NodeId[]): string => ids.map(nameOf).join(",");
  const outgoing = isJoint(membership) ? ` outgoing=${list(membership.votersOutgoing)}` : "";
  const learners = membership.learners.length > 0 ? ` learners=${list(membership.learners)}` : "";
  const next = membership.learnersNext.length > 0 ? ` learnersNext=${list(membership.learnersNext)}` : "";
  return `voters=${list(membership.voters)}${outgoing}${learners}${next}`;
}

export function describeStatus(status: RaftStatus, nameOf: NameOf = byId): string {
  const leader = status.leader === undefined ? "none" : nameOf(status.leader);
  const peers = status.peers.map((peer) => ` ${nameOf(peer.id)}:${peer.state}:${peer.matchIndex}<${peer.nextIndex}`).join("");
  return (
    `${nameOf(status.id)} ${status.role} term=${status.currentTerm} leader=${leader} ` +
    `log=${status.snapshotIndex}..${status.lastIndex}/${status.lastTerm} commit=${status.commitIndex} applied=${status.lastApplied} ` +
    `${describeMembership(status.membership, nameOf)}${peers}`
  );
}

/** One line for each effect, in the order in which the host carries them out. */
export function describeReady(ready: Ready, nameOf: NameOf = byId): readonly string[] {
  const lines = ready.messages.map(({ to, message }) => `send to ${nameOf(to)}: ${describeMessage(message)}`);
  if (ready.persist !== undefined) lines.push(describeBatch(ready.persist, nameOf));
  for (const { to, message, sequence } of ready.messagesAfterPersist) {
    lines.push(`send to ${nameOf(to)} after ${sequence}: ${describeMessage(message)}`);
  }
  if (ready.committed.length > 0) lines.push(`apply ${describeEntries(ready.committed)}`);
  for (const answer of ready.answers) lines.push(`answer ${describeAnswer(answer, nameOf)}`);
  for (const transfer of ready.transfers) lines.push(`transfer a snapshot of at least ${transfer.indexMin} to ${nameOf(transfer.to)}`);
  if (ready.install !== undefined) lines.push(`install snapshot ${ready.install.index}/${ready.install.term}`);
  for (const event of ready.events) lines.push(`event ${describeEvent(event, nameOf)}`);
  return lines;
}

export function describeAnswer(answer: Answer, nameOf: NameOf = byId): string {
  const head = `${answer.ticket}: ${answer.kind}`;
  switch (answer.kind) {
    case "appended":
      return `${head} ${answer.index}/${answer.term}`;
    case "readable":
    case "replicated":
    case "membershipChanged":
      return `${head} ${answer.index}`;
    case "leadershipTransferred":
      return `${head} to ${nameOf(answer.leader)}`;
    case "refused":
      return `${head} ${answer.code}`;
    default:
      return unreachable(answer);
  }
}

export function describeEvent(event: RaftEvent, nameOf: NameOf = byId): string {
  switch (event.kind) {
    case "roleChanged":
      return `${event.role} in term ${event.term}: ${event.reason}`;
    case "leaderChanged":
      return `leader ${event.leader === undefined ? "unknown" : nameOf(event.leader)} in term ${event.term}`;
    case "membershipAppended":
    case "membershipCommitted":
      return `${event.kind} ${event.index}`;
    case "logTruncated":
      return `logTruncated from ${event.fromIndex}`;
    case "peerClockTooFast":
      return `peerClockTooFast ${nameOf(event.peer)}`;
    case "peerRegressed":
      return `peerRegressed ${nameOf(event.peer)}: acknowledged ${event.acknowledged}, holds ${event.lastLogIndex}`;
    default:
      return unreachable(event);
  }
}

function describeBatch({ sequence, hardState, entries }: PersistBatch, nameOf: NameOf): string {
  const vote = hardState?.votedFor === undefined ? "none" : nameOf(hardState.votedFor as NodeId);
  const state = hardState === undefined ? "" : ` term=${hardState.currentTerm} votedFor=${vote} commit=${hardState.commitIndex}`;
  return `persist ${sequence}:${state} entries=${describeEntries(entries)}`;
}

function describeEntry(entry: Entry): string {
  const mark = entry.type === entryTypes.noop ? "n" : entry.type === entryTypes.membership ? "m" : "";
  return `${entry.index}/${entry.term}${mark}`;
}
