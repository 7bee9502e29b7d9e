// Durable Is Recovered: what a node's disk held when its process died is what the next boot has, term and vote included; and the boot has no entry that
// this node never wrote (extended Raft paper, Figure 2 "persistent state"; dissertation §3.8; H13, H34, H42).
//
// More may be there than was durable: writes that were under way may have survived, also one that replaces a durable suffix. Then the first entry that
// differs came after the durable one. A snapshot that was received and not yet installed may end in a log that disagrees with it, which goes (Figure 13).

import type { NodeId } from "../../../src/base/ids.ts";
import { DurableCopy } from "./durable-copy.ts";
import { LogRecords, type LogRecord } from "./log-record.ts";
import { Violation, type Disks, type DurableLog, type Property, type ReplicaView } from "./property.ts";
import { WrittenLog } from "./written-log.ts";

interface Node {
  readonly id: NodeId;
  readonly written: WrittenLog;
  /** As the last event has left it. */
  memory: LogRecord;
  term: number;
  /** What its disk held when a process died that has no successor yet. */
  deaths: DurableLog[];
}

export class DurableIsRecovered implements Property {
  readonly name = "Durable Is Recovered";
  readonly #disks: Disks;
  readonly #logs = new LogRecords();
  readonly #nodes = new Map<string, Node>();
  /** By index: the terms that any node has shown there. */
  readonly #seenAnywhere = new WrittenLog();

  constructor(disks: Disks) {
    this.#disks = disks;
  }

  booted(replica: ReplicaView): void {
    const node = this.#nodes.get(replica.name);
    if (node === undefined) return this.stepped(replica);
    for (const death of node.deaths) this.#checkRecovered(replica, node, death);
    if (node.deaths.length > 0) this.#checkWritten(replica, node);
    node.deaths = [];
    this.#follow(replica, node);
  }

  stepped(replica: ReplicaView): void {
    let node = this.#nodes.get(replica.name);
    if (node === undefined) {
      node = { id: replica.id, written: new WrittenLog(), memory: this.#logs.of(replica), term: 0, deaths: [] };
      this.#nodes.set(replica.name, node);
    }
    this.#follow(replica, node);
  }

  crashed(name: string): void {
    const node = this.#nodes.get(name);
    const disk = node === undefined ? undefined : this.#disks.durableLogOf(node.id);
    if (node === undefined || disk === undefined) return;
    node.deaths.push(new DurableCopy(disk));
    node.written.forgetUpTo(disk.snapshotIndex);
  }

  wiped(name: string): void {
    this.#nodes.delete(name);
  }

  #follow(replica: ReplicaView, node: Node): void {
    node.term = replica.currentTerm;
    const log = this.#logs.of(replica);
    node.memory = log;
    const agreed = log.agreement(replica);
    if (agreed === undefined) return;
    this.#wrote(replica, node, agreed + 1);
    log.update(replica, agreed);
  }

  #wrote(replica: ReplicaView, { written }: Node, first: number): void {
    for (let index = first; index <= replica.lastIndex; index += 1) {
      const term = replica.termAt(index);
      if (term === undefined) continue;
      written.wrote(index, term);
      if (!this.#seenAnywhere.has(index, term)) this.#seenAnywhere.wrote(index, term);
    }
  }

  #checkRecovered(replica: ReplicaView, node: Node, durable: DurableLog): void {
    const { currentTerm, snapshotIndex } = replica;
    const { currentTerm: term, votedFor } = durable.hardState;
    if (currentTerm < term) this.#fail(replica, `has term ${currentTerm}, where its disk held term ${term}`);
    const vote = replica.votedFor?.();
    if (replica.votedFor !== undefined && currentTerm === term && votedFor !== undefined && vote !== votedFor) {
      this.#fail(replica, `has ${vote === undefined ? "no vote" : `a vote for node ${vote}`} in term ${currentTerm}, where its disk held one for node ${votedFor}`);
    }
    if (snapshotIndex < durable.snapshotIndex) this.#fail(replica, `begins after index ${snapshotIndex}, where its disk held a snapshot up to ${durable.snapshotIndex}`);
    if (!mayHaveDroppedLog(replica, node, durable)) this.#checkEntries(replica, node, durable);
  }

  #checkEntries(replica: ReplicaView, node: Node, durable: DurableLog): void {
    for (let index = replica.snapshotIndex + 1; index <= durable.lastIndex; index += 1) {
      const held = durable.termAt(index);
      const found = replica.termAt(index);
      if (found === held || held === undefined) continue;
      // A later write that replaced the durable suffix was under way, and survived.
      if (found !== undefined && (node.written.mayFollow(index, found, held) || cameAtDeath(node, index, found))) return;
      this.#fail(replica, `has ${found === undefined ? "nothing" : `an entry of term ${found}`} at index ${index}, where its disk held one of term ${held}`);
    }
  }

  #checkWritten(replica: ReplicaView, node: Node): void {
    for (let index = replica.snapshotIndex + 1; index <= replica.lastIndex; index += 1) {
      const term = replica.termAt(index)!;
      if (node.written.has(index, term) || this.#seenAnywhere.has(index, term) || cameAtDeath(node, index, term)) continue;
      this.#fail(replica, `has an entry of term ${term} at index ${index} that nobody ever wrote`);
    }
  }

  #fail({ name, boot }: ReplicaView, what: string): never {
    throw new Violation(this.name, `${name} recovers (boot ${boot}) and ${what}`);
  }
}

/** What came in the very event in which the process died was seen by nobody; a leader made it that is not older than the last one. */
function cameAtDeath({ written, term: lastTerm }: Node, index: number, term: number): boolean {
  return term >= lastTerm && !written.has(index, term);
}

/** The snapshot was not the process's own, and its log had another entry at the end of it, or none. */
function mayHaveDroppedLog(replica: ReplicaView, { memory }: Node, durable: DurableLog): boolean {
  const { snapshotIndex } = replica;
  const term = replica.termAt(snapshotIndex);
  const held = memory.termAt(snapshotIndex);
  const onDisk = durable.termAt(snapshotIndex);
  if (snapshotIndex > memory.lastIndex) return true;
  return (held !== undefined && held !== term) || (onDisk !== undefined && onDisk !== term);
}
