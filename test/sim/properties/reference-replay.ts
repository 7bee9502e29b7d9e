// Reference Replay: what a replica answers to the command at an index is what a replay of the committed log by a simple model answers, on the replica that
// applies it first and on every one that applies it later (extended Raft paper §2 and §8; dissertation §6.3; H36, H37, H38; S112).
//
// This is what finds a session table that was lost in a snapshot, a retry that is executed again, and the reply to another command.

import { equalBytes } from "../../../src/base/bytes.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { LogFrontier } from "./log-frontier.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";
import { ReferenceMachine } from "./reference-machine.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";

/** Results of older indexes are not compared any more. */
const resultsRemembered = 65_536;

export class ReferenceReplay implements Property {
  readonly name = "Reference Replay";
  readonly #machine: ReferenceMachine;
  readonly #frontier = new LogFrontier();
  readonly #results = new Map<number, Uint8Array>();

  constructor(limits: ReferenceLimits) {
    this.#machine = new ReferenceMachine(limits);
  }

  booted(replica: ReplicaView): void {
    this.#catchUp(replica, replica.lastApplied + 1);
  }

  applied(replica: ReplicaView, entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    for (let position = 0; position < entries.length; position += 1) {
      const entry = entries[position]!;
      if (this.#frontier.isNew(entry.index)) {
        this.#catchUp(replica, entry.index);
        this.#replay(entry);
      }
      this.#compare(replica, entry.index, results[position]);
    }
  }

  #catchUp(replica: ReplicaView, index: number): void {
    const missed = this.#frontier.missedBefore(replica, index);
    if (missed === undefined) {
      throw new Violation(this.name, `${replica.name} has applied up to index ${index - 1}, and nobody was seen to apply index ${this.#frontier.last + 1}`);
    }
    for (const entry of missed) this.#replay(entry);
  }

  #replay(entry: Entry): void {
    const result = this.#machine.apply(entry);
    this.#frontier.passed(entry.index);
    if (result !== undefined) this.#results.set(entry.index, result);
    this.#results.delete(entry.index - resultsRemembered);
  }

  #compare({ name }: ReplicaView, index: number, found: Uint8Array | undefined): void {
    const wanted = this.#results.get(index);
    if (wanted === undefined && (found === undefined || index <= this.#frontier.last - resultsRemembered)) return;
    if (wanted !== undefined && found !== undefined && equalBytes(wanted, found)) return;
    throw new Violation(this.name, `${name} answers index ${index} with ${textOf(found)}, and a replay of the log with ${textOf(wanted)}`);
  }
}

function textOf(result: Uint8Array | undefined): string {
  if (result === undefined) return "nothing";
  const { status, version, index, deleted, offset, previous } = decodeResult(result);
  return `${status} (index ${index}, version ${version}, deleted ${deleted}, offset ${offset ?? "none"}, previous version ${previous?.version ?? "none"})`;
}
