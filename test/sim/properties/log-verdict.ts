// Log Verdict: what `raftctl inspect-log diff` says of the logs of all nodes, running and stopped, is the case: which are identical, which are behind, which
// hold entries that legally differ (extended Raft paper §5.3, §5.4); and while nothing is broken it never speaks of damage or of a committed divergence
// (N2). And it does speak of them when an entry is changed on purpose.
//
// Looked at a few times while faults strike, at moments that are drawn, and at the end, when all members must be said to be identical. What is committed
// is known from what every replica has said so far, at its death too, and from what it has applied: one event may commit entries, apply them and compact them away.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { compareLogs, type LogComparison } from "../../../src/cli/inspect-log/comparison.ts";
import type { NodeLog } from "../../../src/cli/inspect-log/node-log.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { CommitMoves, CommittedLog } from "./committed-log.ts";
import { expectedOf, termAt } from "./expected-comparison.ts";
import { nodeLogOf, type LogSight } from "./log-sight.ts";
import { plantDivergence } from "./planted-divergence.ts";
import { Violation, type EndView, type Property, type ReplicaView } from "./property.ts";

export interface LogVerdictOptions {
  /** ms, virtual. */
  readonly now: () => number;
  readonly crc32: Crc32;
  readonly electionTimeout: number;
  readonly prng: Prng;
  /** Of every node that ever was and is not lost. */
  readonly sights: () => readonly LogSight[];
}

/** Between two moments, on average half of it. */
const apartElectionTimeoutsMax = 8;
const momentsMax = 5;

export class LogVerdict implements Property {
  readonly name = "Log Verdict";
  readonly #options: LogVerdictOptions;
  readonly #committed = new CommittedLog();
  readonly #moves = new CommitMoves();
  #moments = 0;
  #next: number;

  constructor(options: LogVerdictOptions) {
    this.#options = options;
    // The founder's membership, which is committed before anybody can say so.
    this.#committed.note(1, 1, 1);
    this.#next = this.#draw();
  }

  stepped(replica: ReplicaView): void {
    this.#note(replica);
    if (this.#options.now() < this.#next) return;
    this.#next = this.#draw();
    this.#look();
  }

  dying(replica: ReplicaView): void {
    this.#note(replica);
  }

  applied(replica: ReplicaView, entries: readonly Entry[]): void {
    for (const { index, term } of entries) this.#committed.note(index, term, replica.currentTerm);
  }

  ended({ replicas, convergedMs }: EndView): void {
    const logs = this.#look();
    const members = logs.filter(({ name }) => replicas.some((replica) => replica.name === name));
    if (convergedMs === undefined || members.length < 2) return;
    const { verdict } = compareLogs(members);
    if (verdict !== "identical") this.#fail(`the logs of ${namesOf(members)} are called ${verdict} when the cluster is at rest`);
  }

  #draw(): number {
    const { now, prng, electionTimeout } = this.#options;
    this.#moments += 1;
    return this.#moments > momentsMax ? Number.POSITIVE_INFINITY : now() + prng.next() * apartElectionTimeoutsMax * electionTimeout;
  }

  #note(replica: ReplicaView): void {
    const first = this.#moves.firstOf(replica);
    if (first === undefined) return;
    for (let index = first; index <= replica.commitIndex; index += 1) {
      const term = replica.termAt(index);
      if (term !== undefined) this.#committed.note(index, term, replica.currentTerm);
    }
  }

  #look(): readonly NodeLog[] {
    const { crc32, sights } = this.#options;
    const seen = sights();
    // The same event may have moved others, of which nobody has told yet.
    for (const { running } of seen) if (running !== undefined) this.#note(running);
    const logs = seen.map((sight) => nodeLogOf(sight, crc32));
    for (const [place, log] of logs.entries()) this.#checkLog(log, seen[place]!);
    this.#checkComparison(logs, compareLogs(logs));
    this.#checkPlanted(logs);
    return logs;
  }

  /** What a node knows to be committed is what was committed. */
  #checkLog(log: NodeLog, { damaged }: LogSight): void {
    if (log.damage !== null && !damaged) this.#fail(`${log.name} is called damaged, though nothing is: ${log.damage}`);
    for (let index = log.start.index; index <= log.commitIndex; index += 1) {
      const term = termAt(log, index);
      const committed = this.#committed.termAt(index);
      if (term !== undefined && index > 0 && term !== committed) this.#fail(`${log.name} shows index ${index} of term ${term} as committed, ${committed === undefined ? "which nobody has committed" : `where term ${committed} is`}`);
    }
  }

  #checkComparison(logs: readonly NodeLog[], { pairs, firstDifference }: LogComparison): void {
    let first: number | undefined;
    let place = 0;
    for (const [position, left] of logs.entries()) {
      for (const right of logs.slice(position + 1)) {
        const pair = pairs[place++]!;
        const { verdict, differsAt } = expectedOf(left, right);
        if (pair.verdict !== verdict || pair.differsAt !== differsAt) {
          this.#fail(`${left.name} and ${right.name} are called ${pair.verdict} at ${pair.differsAt ?? "no index"}, and are ${verdict} at ${differsAt ?? "no index"}`);
        }
        if (differsAt !== undefined) first = Math.min(first ?? differsAt, differsAt);
      }
    }
    if (first !== firstDifference?.index) this.#fail(`the first difference is said to be at ${firstDifference?.index ?? "no index"}, and is at ${first ?? "no index"}`);
    if (firstDifference !== undefined) this.#checkHolders(logs, firstDifference);
  }

  #checkHolders(logs: readonly NodeLog[], { index, held, majority, committedOn }: NonNullable<LogComparison["firstDifference"]>): void {
    const termHeld = (log: NodeLog): number | undefined => (index > log.start.index ? termAt(log, index) : undefined);
    for (const log of logs) {
      const said = held.find(({ nodes }) => nodes.includes(log.name));
      if (said === undefined || said.entry?.term !== termHeld(log)) this.#fail(`${log.name} is said to hold term ${said?.entry?.term ?? "nothing"} at index ${index}, and holds ${termHeld(log) ?? "nothing"}`);
      if (committedOn.includes(log.name) !== log.commitIndex >= index) this.#fail(`whether ${log.name} knows index ${index} to be committed is told wrongly`);
    }
    const alike = (term: number | undefined): readonly NodeLog[] => logs.filter((log) => term !== undefined && termHeld(log) === term);
    const right = logs.map((log) => alike(termHeld(log))).find((group) => group.length * 2 > logs.length) ?? [];
    if (namesOf(right) !== majority.toSorted().join(", ")) this.#fail(`at index ${index} ${majority.join(", ") || "nobody"} is called the majority, and ${namesOf(right) || "nobody"} is`);
  }

  /** Who never accuses anybody is no judge. */
  #checkPlanted(logs: readonly NodeLog[]): void {
    const planted = plantDivergence(logs, this.#options.prng);
    if (planted === undefined) return;
    const { left, right, expected } = planted;
    const [pair] = compareLogs([left, right]).pairs;
    if (pair?.verdict === expected.verdict && pair.differsAt === expected.differsAt) return;
    this.#fail(`with another entry at index ${expected.differsAt} of ${right.name} it and ${left.name} are called ${pair?.verdict} at ${pair?.differsAt ?? "no index"}, and are ${expected.verdict}`);
  }

  #fail(sentence: string): never {
    throw new Violation(this.name, sentence);
  }
}

function namesOf(logs: readonly NodeLog[]): string {
  return logs.map(({ name }) => name).toSorted().join(", ");
}
