// Every message passes here first: "if RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (§5.1), with
// the exceptions that keep a returning or removed server from disturbing a healthy region (diss. §4.2.3, §9.6).

import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import { hearsLeader } from "./election.ts";
import { isPledged } from "./lease.ts";
import type { Message, Request } from "./message.ts";
import { isWellFormed } from "./message-check.ts";
import { refuseRequest } from "./refusal.ts";
import type { State } from "./state.ts";
import { becomeFollower } from "./transitions.ts";

/** @returns true when the role's handler should see the message; otherwise it is answered, or needs no answer. */
export function passesTermGate(state: State, from: NodeId, message: Message): boolean {
  if (!isWellFormed(from, message) || disturbs(state, message)) {
    if (message.type === "preVote") mark("prevote-denied-by-stickiness");
    else if (message.type === "requestVote") mark("vote-denied-by-stickiness");
    return refuseIfRequest(state, from, message);
  }
  if (message.term > state.currentTerm) {
    if (!speaksOfFutureTerm(message)) {
      if (state.isLeader) mark("leader-deposed-by-a-newer-term");
      if (!isRequest(message)) mark("term-learned-from-a-refusal");
      becomeFollower(state, message.term, leaderOf(message), `term ${message.term} of ${from} is newer`);
    }
    return true;
  }
  // A voter may refuse from an older term: that, too, is an answer that counts.
  if (message.term === state.currentTerm || isRefusedVote(message)) {
    if (message.term < state.currentTerm) mark("vote-refused-from-an-older-term");
    return true;
  }
  if (isRequest(message)) mark("term-of-a-request-is-old");
  else mark("term-of-an-answer-is-old");
  return refuseIfRequest(state, from, message);
}

/** A request for votes while a leader is heard, or while this server is pledged to one, unless that leader itself asked for it. */
function disturbs(state: State, message: Message): boolean {
  if (message.type === "preVote") return hearsLeader(state) || keepsPledge(state);
  return message.type === "requestVote" && !message.leadershipTransfer && (hearsLeader(state) || keepsPledge(state));
}

/** Also when a newer term was heard of, or this server has started again, and so does not know any more that there is a leader. */
function keepsPledge(state: State): boolean {
  if (!isPledged(state)) return false;
  mark("vote-denied-by-a-pledge");
  return true;
}

/** A PreVote names the term of an election that has not begun, and so does the promise to vote in it. */
function speaksOfFutureTerm(message: Message): boolean {
  return message.type === "preVote" || (message.type === "preVoteResponse" && message.voteGranted);
}

function isRefusedVote(message: Message): boolean {
  return (message.type === "preVoteResponse" || message.type === "requestVoteResponse") && !message.voteGranted;
}

function leaderOf(message: Message): NodeId | undefined {
  return "leaderId" in message ? message.leaderId : undefined;
}

function refuseIfRequest(state: State, from: NodeId, message: Message): boolean {
  if (isRequest(message)) refuseRequest(state, from, message);
  return false;
}

function isRequest(message: Message): message is Request {
  switch (message.type) {
    case "requestVote":
    case "preVote":
    case "appendEntries":
    case "installSnapshot":
    case "timeoutNow":
      return true;
    default:
      return false;
  }
}
