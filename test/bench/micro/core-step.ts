// The core of a leader of three: a batch is proposed, two followers acknowledge it, it is durable, committed and applied. No disk, no network.

import { assert } from "../../../src/base/assert.ts";
import type { Message } from "../../../src/raft/message.ts";
import { RawNode } from "../../../src/raft/raft.ts";
import type { Ready } from "../../../src/raft/ready.ts";
import { membershipOf, optionsOf, pristine } from "../../raft/harness/members.ts";
import type { PartialWork } from "./part.ts";

/** Entries that the log keeps: what is older is compacted, as a node does. */
const keptEntries = 8192;

export function coreStep(batch: number, dataAt: (number: number) => Uint8Array): PartialWork {
  const node = new RawNode(optionsOf("n1", { uncommittedBytesMax: 1 << 30 }), pristine(membershipOf({ voters: ["n1", "n2", "n3"] })), 0);
  node.step({ kind: "campaign" }, 0);
  settle(node);
  assert(node.role === "leader", "everybody votes for it");
  let ticket = 0;
  const run = (times: number): void => {
    for (let done = 0; done < times; done += batch) {
      for (let count = 0; count < batch; count += 1) node.step({ kind: "propose", ticket: (ticket += 1), data: dataAt(ticket) }, 0);
      settle(node);
      if (node.lastIndex > 2 * keptEntries && node.lastIndex % keptEntries < batch) node.step({ kind: "compact", index: node.lastIndex - keptEntries }, 0);
    }
  };
  return { run };
}

/** Everything that the core wants is done, and everybody agrees with it, until it wants nothing more. */
function settle(node: RawNode): void {
  for (let ready = node.takeReady(); ready !== undefined; ready = node.takeReady()) {
    if (ready.persist !== undefined) node.step({ kind: "persisted", sequence: ready.persist.sequence }, 0);
    answerAll(node, ready);
    const last = ready.committed.at(-1);
    if (last !== undefined) node.step({ kind: "applied", index: last.index }, 0);
  }
}

function answerAll(node: RawNode, { messages, messagesAfterPersist }: Ready): void {
  for (const { to, message } of [...messages, ...messagesAfterPersist]) {
    const answer = answerOf(message);
    if (answer !== undefined) node.step({ kind: "message", from: to, message: answer }, 0);
  }
}

function answerOf(message: Message): Message | undefined {
  if (message.type === "preVote") return { type: "preVoteResponse", requestId: message.requestId, term: message.term, voteGranted: true };
  if (message.type === "requestVote") return { type: "requestVoteResponse", requestId: message.requestId, term: message.term, voteGranted: true };
  if (message.type !== "appendEntries") return undefined;
  const matchIndex = message.prevLogIndex + message.entries.length;
  return {
    type: "appendEntriesResponse", requestId: message.requestId, term: message.term, success: true, matchIndex, conflictIndex: 0, conflictTerm: 0, lastLogIndex: matchIndex, round: message.round,
  };
}
