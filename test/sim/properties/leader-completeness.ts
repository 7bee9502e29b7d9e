// Leader Completeness: an entry that is committed in a term is in the logs of the leaders of all later terms (extended Raft paper, Figure 3, §5.4.1
// and §5.4.3).
//
// Only of later terms: a deposed candidate may still count its old votes and lead an old term without what a newer leader has committed. So the term
// in which an entry was committed decides, not the entry's own. What is found to be committed late is compared with earlier elections as well.

import type { NodeId } from "../../../src/base/ids.ts";
import { CommitMoves, CommittedLog } from "./committed-log.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

/** The log of a leader when it was elected. */
interface ElectedLog {
  readonly leader: string;
  readonly term: number;
  readonly snapshotIndex: number;
  readonly terms: readonly number[];
}

const electionsRemembered = 8;

export class LeaderCompleteness implements Property {
  readonly name = "Leader Completeness";
  readonly #committed = new CommittedLog();
  readonly #moves = new CommitMoves();
  readonly #leading = new Map<NodeId, { readonly boot: number; readonly term: number }>();
  #elections: ElectedLog[] = [];

  stepped(replica: ReplicaView): void {
    const first = this.#moves.firstOf(replica);
    if (first !== undefined) this.#note(replica, first);
    if (replica.role !== "leader") return;
    const { id, currentTerm: term, boot } = replica;
    const leading = this.#leading.get(id);
    if (leading?.term === term && leading.boot === boot) return;
    this.#leading.set(id, { boot, term });
    this.#elected(replica);
  }

  #note(replica: ReplicaView, first: number): void {
    const { currentTerm } = replica;
    for (let index = first; index <= replica.commitIndex; index += 1) {
      const term = replica.termAt(index);
      if (term === undefined) continue;
      const isNews = this.#committed.note(index, term, currentTerm) === undefined;
      if (!isNews) continue;
      for (const election of this.#elections) this.#compare(election, index);
    }
  }

  #elected(replica: ReplicaView): void {
    const { name, currentTerm, snapshotIndex, lastIndex } = replica;
    const terms: number[] = [];
    for (let index = snapshotIndex + 1; index <= lastIndex; index += 1) terms.push(replica.termAt(index) ?? 0);
    const election = { leader: name, term: currentTerm, snapshotIndex, terms };
    for (let index = snapshotIndex + 1; index <= this.#committed.highest; index += 1) this.#compare(election, index);
    this.#elections.push(election);
    if (this.#elections.length > electionsRemembered) this.#elections = this.#elections.slice(1);
  }

  #compare({ leader, term, snapshotIndex, terms }: ElectedLog, index: number): void {
    const committed = this.#committed.termAt(index);
    const inTerm = this.#committed.knownInTerm(index);
    if (committed === undefined || inTerm === undefined || inTerm >= term || index <= snapshotIndex) return;
    const found = terms[index - snapshotIndex - 1];
    if (found === committed) return;
    throw new Violation(
      this.name,
      `${leader} was elected in term ${term} ${found === undefined ? "without index" : `with an entry of term ${found} at index`} ${index}, ` +
        `where an entry of term ${committed} was committed by term ${inTerm}`,
    );
  }
}
