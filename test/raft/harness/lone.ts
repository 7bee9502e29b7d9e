// One server without a network: messages go in by hand, and what it sends is collected, so that one rule can be looked at alone.

import { utf8 } from "../../../src/base/bytes.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { Input } from "../../../src/raft/input.ts";
import type { AppendEntries, Message, PreVote, RequestVote } from "../../../src/raft/message.ts";
import type { InitialState, RaftOptions } from "../../../src/raft/options.ts";
import type { Answer } from "../../../src/raft/ready.ts";
import { idOf, nameOf, optionsOf } from "./members.ts";
import { Server } from "./server.ts";

export class Lone {
  readonly server: Server;
  now = 0;
  sent: { readonly to: string; readonly message: Message }[] = [];
  #requestId = 1000;
  readonly #acknowledged = new Set<number>();

  constructor(name: string, initial: InitialState, options: Partial<RaftOptions> = {}) {
    this.server = new Server(optionsOf(name, options), initial, {
      sent: (_, { to, message }) => this.sent.push({ to: nameOf(to), message }),
    });
  }

  get node(): Server["node"] {
    return this.server.node;
  }

  input(input: Input): void {
    this.server.step(input, this.now);
  }

  tick(after = 0): void {
    this.now += after;
    this.input({ kind: "tick" });
  }

  tickAtDeadline(): void {
    this.now = this.node.deadline;
    this.tick();
  }

  /** @returns what is sent because of this message. */
  receive(from: string, message: Message): Message[] {
    const before = this.sent.length;
    this.input({ kind: "message", from: idOf(from), message });
    return this.sent.slice(before).map((each) => each.message);
  }

  appendEntries(from: string, fields: Partial<AppendEntries> & { readonly term: number }): Message[] {
    this.#requestId += 1;
    return this.receive(from, {
      type: "appendEntries", requestId: this.#requestId, leaderId: idOf(from), prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit: 0, round: 0,
      ...fields,
    });
  }

  requestVote(from: string, fields: Partial<RequestVote> & { readonly term: number }): Message[] {
    this.#requestId += 1;
    return this.receive(from, {
      type: "requestVote", requestId: this.#requestId, candidateId: idOf(from), lastLogIndex: 0, lastLogTerm: 0, leadershipTransfer: false, ...fields,
    });
  }

  preVote(from: string, fields: Partial<PreVote> & { readonly term: number }): Message[] {
    this.#requestId += 1;
    return this.receive(from, { type: "preVote", requestId: this.#requestId, candidateId: idOf(from), lastLogIndex: 0, lastLogTerm: 0, ...fields });
  }

  becomeLeader(voters: readonly string[]): void {
    if (this.campaignAmong(voters) !== "leader") throw new Error(`${this.server.name} was not elected`);
  }

  /** Campaigns while these voters grant everything and the others stay silent. @returns the role in the end. */
  campaignAmong(voters: readonly string[]): string {
    this.input({ kind: "campaign" });
    for (const type of ["preVote", "requestVote"] as const) {
      for (const { to, message } of this.sent.filter((each) => each.message.type === type)) {
        if (!voters.includes(to)) continue;
        const response = type === "preVote" ? ("preVoteResponse" as const) : ("requestVoteResponse" as const);
        this.receive(to, { type: response, requestId: message.requestId, term: message.term, voteGranted: true });
      }
    }
    return this.node.role;
  }

  /** Answers the latest AppendEntries to `from` as a follower that agrees. */
  acknowledge(from: string, changes: { readonly matchIndex?: number; readonly round?: number; readonly lastLogIndex?: number } = {}): Message[] {
    const request = this.lastAppend(from);
    const matchIndex = changes.matchIndex ?? request.prevLogIndex + request.entries.length;
    return this.receive(from, {
      type: "appendEntriesResponse", requestId: request.requestId, term: request.term, success: true, matchIndex, conflictIndex: 0, conflictTerm: 0,
      lastLogIndex: changes.lastLogIndex ?? matchIndex, round: changes.round ?? request.round,
    });
  }

  refuse(from: string, conflict: { readonly conflictIndex: number; readonly conflictTerm?: number; readonly lastLogIndex: number }): Message[] {
    const request = this.lastAppend(from);
    return this.receive(from, {
      type: "appendEntriesResponse", requestId: request.requestId, term: request.term, success: false, matchIndex: 0, conflictTerm: 0, round: request.round,
      ...conflict,
    });
  }

  /** Answers the oldest AppendEntries with entries that this has not answered yet. */
  acknowledgeNext(from: string): Message[] {
    const request = this.appendsTo(from).find((each) => each.entries.length > 0 && !this.#acknowledged.has(each.requestId))!;
    this.#acknowledged.add(request.requestId);
    const matchIndex = request.prevLogIndex + request.entries.length;
    return this.receive(from, {
      type: "appendEntriesResponse", requestId: request.requestId, term: request.term, success: true, matchIndex, conflictIndex: 0, conflictTerm: 0,
      lastLogIndex: Math.max(...this.appendsTo(from).map((each) => each.prevLogIndex + each.entries.length)), round: request.round,
    });
  }

  lastAppend(to: string): AppendEntries {
    return this.appendsTo(to).at(-1)!;
  }

  appendsTo(to: string): AppendEntries[] {
    return this.sent.filter((each) => each.to === to).map((each) => each.message).filter((message) => message.type === "appendEntries");
  }

  propose(ticket: number, text: string): void {
    this.input({ kind: "propose", ticket, data: utf8(text) });
  }

  answers(): Answer[] {
    return this.server.takeAnswers();
  }

  terms(): number[] {
    return this.node.entriesBetween(1, this.node.lastIndex).map((entry: Entry) => entry.term);
  }
}
