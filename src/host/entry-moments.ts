// The moments of recent entries on this node (N10): appended, durable, committed and applied here, and, of those that it appended as the leader, acknowledged by
// each other member. Nothing is kept per entry: at the end of each turn, in which everything that a client, a peer or the disk has said is taken in, it is noted
// how far each of these has come. So all entries of one turn share their moments, and the fuller the turns are, the further back the record reaches.
//
// The moments are of this node's own clock, and mean nothing beside those of another node.

import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { RawNode } from "../raft/raft.ts";
import { Watermark } from "./watermark.ts";

/** ms since the entry was appended here; null: not yet. */
export interface MomentsOfEntry {
  readonly durableMs: number | null;
  readonly committedMs: number | null;
  readonly appliedMs: number | null;
  /** Only where it was appended by a leader: when the leader knew that it was durable there. */
  readonly acknowledged: readonly { readonly id: NodeId; readonly ms: number | null }[] | undefined;
}

type Core = Pick<RawNode, "role" | "currentTerm" | "lastIndex" | "persistedIndex" | "commitIndex" | "lastApplied" | "peers" | "termAt">;

/** The entries that this node has appended as the leader of one term, both ends included. */
interface Reign {
  readonly term: number;
  readonly first: number;
  last: number;
  readonly acknowledged: Map<NodeId, Watermark>;
}

export class EntryMoments {
  readonly #clock: Pick<Clock, "now">;
  readonly #core: Core;
  readonly #appended: Watermark;
  readonly #durable: Watermark;
  readonly #committed: Watermark;
  readonly #applied: Watermark;
  /** The latest. */
  #reign: Reign | undefined;

  constructor(clock: Pick<Clock, "now">, core: Core) {
    this.#clock = clock;
    this.#core = core;
    this.#appended = new Watermark(core.lastIndex);
    this.#durable = new Watermark(core.persistedIndex);
    this.#committed = new Watermark(core.commitIndex);
    this.#applied = new Watermark(core.lastApplied);
  }

  /** At the end of each turn. */
  look(): void {
    const { lastIndex, persistedIndex, commitIndex, lastApplied, role } = this.#core;
    const now = this.#clock.now();
    this.#appended.rise(lastIndex, now);
    this.#durable.rise(persistedIndex, now);
    this.#committed.rise(commitIndex, now);
    this.#applied.rise(lastApplied, now);
    if (role === "leader") this.#lookAtPeers(lastIndex, now);
  }

  #lookAtPeers(lastIndex: number, now: number): void {
    const { peers, currentTerm } = this.#core;
    if (this.#reign?.term !== currentTerm) this.#reign = this.#newReign(currentTerm, lastIndex);
    this.#reign.last = lastIndex;
    const { acknowledged } = this.#reign;
    for (const { id, matchIndex } of peers) {
      const watermark = acknowledged.get(id);
      if (watermark === undefined) acknowledged.set(id, new Watermark(matchIndex));
      else watermark.rise(matchIndex, now);
    }
    // Whoever is no member any more owes nothing.
    if (acknowledged.size > peers.length) for (const id of acknowledged.keys()) if (!peers.some((peer) => peer.id === id)) acknowledged.delete(id);
  }

  /** It begins with the no-op; a turn may have appended more behind it. */
  #newReign(term: number, lastIndex: number): Reign {
    let first = lastIndex;
    while (this.#core.termAt(first - 1) === term) first -= 1;
    return { term, first, last: lastIndex, acknowledged: new Map() };
  }

  /** In this turn: other entries may stand there at its end. */
  truncated(fromIndex: number): void {
    this.#appended.fall(fromIndex - 1);
    this.#durable.fall(fromIndex - 1);
    if (this.#reign !== undefined) this.#reign.last = Math.min(this.#reign.last, fromIndex - 1);
  }

  /** A snapshot stands in for the entries up to here, and for the whole log unless that agrees with it and goes on (Figure 13). */
  installed(index: number): void {
    this.#committed.leap(index);
    this.#applied.leap(index);
    if (this.#core.lastIndex > index) return;
    this.#appended.restart(index);
    this.#durable.restart(index);
    this.#reign = undefined;
  }

  /** The first index whose moments are known here; above the last one when none is. */
  get first(): number {
    return Math.max(this.#appended.forgottenIndex, this.#durable.forgottenIndex, this.#committed.forgottenIndex, this.#applied.forgottenIndex) + 1;
  }

  /** undefined: they are forgotten, or there is no such entry here. */
  of(index: number): MomentsOfEntry | undefined {
    const appended = index < this.first ? undefined : this.#appended.reachedAt(index);
    if (appended === undefined) return undefined;
    const since = (watermark: Watermark): number | null => msSince(appended, watermark.reachedAt(index));
    return { durableMs: since(this.#durable), committedMs: since(this.#committed), appliedMs: since(this.#applied), acknowledged: this.#acknowledgedSince(appended, index) };
  }

  /** Of the reign in which this node appended it. */
  reignOver(index: number): Pick<Reign, "term"> | undefined {
    const reign = this.#reign;
    return reign !== undefined && index >= reign.first && index <= reign.last ? reign : undefined;
  }

  #acknowledgedSince(appended: number, index: number): MomentsOfEntry["acknowledged"] {
    if (this.reignOver(index) === undefined) return undefined;
    // Whose record begins above it was not a member yet, or is heard of for longer than is remembered.
    const known = [...this.#reign!.acknowledged].filter(([, watermark]) => index > watermark.forgottenIndex);
    return known.map(([id, watermark]) => ({ id, ms: msSince(appended, watermark.reachedAt(index)) }));
  }
}

/** In whole microseconds. */
function msSince(began: number, moment: number | undefined): number | null {
  return moment === undefined ? null : Math.max(0, Math.round((moment - began) * 1_000) / 1_000);
}
