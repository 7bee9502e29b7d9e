// The five properties of Figure 3, watched from outside while a cluster runs, and what they rest on: what is committed is durable on a quorum of
// disks at that moment, and stays. Each violation is thrown where it happens.

import { isVoter } from "../../../src/raft/membership.ts";
import { quorumValue } from "../../../src/raft/quorum.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { nameOf, textOf } from "./members.ts";
import type { Server } from "./server.ts";

export class Checker {
  readonly #servers: ReadonlyMap<string, Server>;
  readonly #leaderOfTerm = new Map<number, string>();
  readonly #committedTerm = new Map<number, number>();
  readonly #appliedText = new Map<number, string>();
  readonly #before = new Map<string, { term: number; commit: number; applied: number }>();
  commitIndex = 0;

  constructor(servers: ReadonlyMap<string, Server>) {
    this.#servers = servers;
  }

  stepped(server: Server): void {
    const { node } = server;
    const before = this.#before.get(server.name) ?? { term: 0, commit: server.node.snapshotIndex, applied: 0 };
    if (node.currentTerm < before.term) fail(server, `term went back from ${before.term} to ${node.currentTerm}`);
    if (node.commitIndex < before.commit) fail(server, `commitIndex went back from ${before.commit} to ${node.commitIndex}`);
    if (node.lastApplied < before.applied) fail(server, `lastApplied went back from ${before.applied} to ${node.lastApplied}`);
    for (let index = before.commit + 1; index <= node.commitIndex; index += 1) this.#committed(server, index);
    this.#before.set(server.name, { term: node.currentTerm, commit: node.commitIndex, applied: node.lastApplied });
  }

  /** What only memory knew may go back. */
  restarted(server: Server): void {
    const { node } = server;
    this.#before.set(server.name, { term: node.currentTerm, commit: node.commitIndex, applied: node.lastApplied });
  }

  event(server: Server, event: RaftEvent): void {
    if (event.kind !== "roleChanged" || event.role !== "leader") return;
    const other = this.#leaderOfTerm.get(event.term);
    if (other !== undefined && other !== server.name) fail(server, `two leaders in term ${event.term}: ${other} as well (Election Safety)`);
    this.#leaderOfTerm.set(event.term, server.name);
    for (const [index, term] of this.#committedTerm) {
      if (term >= event.term || index <= server.node.snapshotIndex) continue;
      if (server.node.termAt(index) !== term) fail(server, `leads term ${event.term} without committed entry ${index}/${term} (Leader Completeness)`);
    }
  }

  applied(server: Server, entry: Entry): void {
    const text = `${entry.term} ${entry.type} ${textOf(entry)}`;
    const other = this.#appliedText.get(entry.index);
    if (other !== undefined && other !== text) fail(server, `applied ${text} at ${entry.index}, another server ${other} (State Machine Safety)`);
    this.#appliedText.set(entry.index, text);
  }

  /** Log Matching, pair by pair: costly, so now and then. */
  logs(): void {
    for (const left of this.#servers.values()) {
      for (const right of this.#servers.values()) if (left.name < right.name) this.#logsMatch(left, right);
    }
  }

  #logsMatch(left: Server, right: Server): void {
    let matched = false;
    const first = Math.max(left.node.snapshotIndex, right.node.snapshotIndex) + 1;
    for (let index = Math.min(left.node.lastIndex, right.node.lastIndex); index >= first; index -= 1) {
      const [ours, theirs] = [left.node.entriesBetween(index, index)[0]!, right.node.entriesBetween(index, index)[0]!];
      if (ours.term === theirs.term && textOf(ours) !== textOf(theirs)) fail(left, `and ${right.name} differ at ${index}/${ours.term} (Log Matching)`);
      if (ours.term === theirs.term) matched = true;
      else if (matched) fail(left, `and ${right.name} agree above ${index}, but not there (Log Matching)`);
    }
  }

  #committed(server: Server, index: number): void {
    const term = server.node.termAt(index);
    if (term === undefined) return;
    const known = this.#committedTerm.get(index);
    if (known !== undefined && known !== term) fail(server, `commits ${index}/${term}, another server ${index}/${known}`);
    if (known === undefined && server.node.role === "leader") this.#isOnQuorumOfDisks(server, index, term);
    this.#committedTerm.set(index, term);
    this.commitIndex = Math.max(this.commitIndex, index);
  }

  #isOnQuorumOfDisks(leader: Server, index: number, term: number): void {
    // The membership of the entry's own moment decides; later ones in the log are stricter or came after.
    const { membership } = leader.node;
    const durable = quorumValue(membership, (id) => {
      const holder = this.#servers.get(nameOf(id));
      return holder !== undefined && isVoter(membership, id) && holds(holder, index, term) ? 1 : 0;
    });
    if (durable === 0) fail(leader, `commits ${index}/${term} before a quorum of disks has it`);
  }
}

function holds(server: Server, index: number, term: number): boolean {
  if (index <= server.disk.snapshot.index) return true;
  const first = server.disk.entries[0];
  return first !== undefined && server.disk.entries[index - first.index]?.term === term;
}

function fail(server: Server, what: string): never {
  throw new Error(`${server.name} ${what}`);
}
