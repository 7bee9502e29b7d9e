// Compares the states of the nodes while they run (S42, H38). Every node has the digest of its state at each checkpoint index. A follower tells its
// leader its newest one in AppendEntriesResponse until a majority is known to have it; the leader compares each with its own, and tells everybody, in
// AppendEntries, the newest checkpoint that a majority of the voters has. Whoever has another digest there is in the minority, and halts. A digest
// covers the whole history, so two states that have parted never agree again, and agreeing at an index is agreeing at all before it.
//
// A leader that cannot have a majority on its side halts itself; one that has somebody against it and no majority for it halts after a time: when it
// cannot be known who is right, nobody goes on.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import { quorumDecision, quorumValue } from "../raft/quorum.ts";
import type { RawNode } from "../raft/raft.ts";
import type { StateCheckpoint } from "../wire/peer-protocol.ts";

export interface StateAuditOptions {
  readonly id: NodeId;
  readonly core: Pick<RawNode, "role" | "currentTerm" | "membership">;
  /** The node's own, ascending. */
  readonly checkpoints: () => readonly StateCheckpoint[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a leader waits for a majority when somebody's state differs from its own, ms. */
  readonly patienceMs: number;
  /** This node's state is wrong, or nobody can tell. Called once. */
  readonly onDivergence: (error: RaftctlError) => void;
}

/** Checkpoints of others that this node has not reached yet. */
const pendingMax = 16;

interface Reported {
  /** The newest checkpoint at which its state was the leader's, 0 before the first. */
  agreed: number;
  /** The first one at which it was not. */
  differed: number | undefined;
  /** The newest verdict that it has answered to. */
  told: number;
}

export class StateAudit {
  readonly #options: StateAuditOptions;
  #term = 0;
  #reported = new Map<NodeId, Reported>();
  #verdict: StateCheckpoint | undefined;
  #deadline: Timer | undefined;
  /** Verdicts at indexes that this node has not reached yet. */
  #pending: StateCheckpoint[] = [];
  #confirmed = 0;
  #halted = false;
  /** What was looked at last. */
  #seen: readonly StateCheckpoint[] = [];

  constructor(options: StateAuditOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#deadline?.cancel();
  }

  // ── on the leader ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What goes with the next AppendEntries to this peer. */
  verdictFor(peer: NodeId): StateCheckpoint | undefined {
    const verdict = this.#verdict;
    if (verdict === undefined || this.#term !== this.#options.core.currentTerm) return undefined;
    return (this.#reported.get(peer)?.told ?? 0) < verdict.index ? verdict : undefined;
  }

  /** @param told the verdict that went with the request */
  answered(peer: NodeId, told: StateCheckpoint | undefined, report: StateCheckpoint | undefined): void {
    if (this.#options.core.role !== "leader") return;
    this.#enterTerm();
    if (told === undefined && report === undefined) return;
    const reported = this.#reportedBy(peer);
    if (told !== undefined) reported.told = Math.max(reported.told, told.index);
    if (report === undefined) return;
    this.#compare(peer, reported, report);
    this.#judge();
  }

  // ── on a follower ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The leader of this term says what a majority has; one of an earlier term may be why there is another one. */
  received(verdict: StateCheckpoint | undefined, term: number): void {
    if (verdict === undefined) return;
    if (term < this.#options.core.currentTerm) return mark("audit-verdict-of-an-earlier-term");
    this.#pending = [...this.#pending.slice(1 - pendingMax), verdict];
    this.#comparePending();
  }

  /** What goes with the next AppendEntriesResponse. */
  report(): StateCheckpoint | undefined {
    this.#enterTerm();
    const newest = this.#options.checkpoints().at(-1);
    return newest !== undefined && newest.index > this.#confirmed ? newest : undefined;
  }

  // ── on both ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The state has moved on, and may have reached what others said of it. */
  applied(): void {
    const checkpoints = this.#options.checkpoints();
    if (checkpoints === this.#seen) return;
    this.#seen = checkpoints;
    this.#comparePending();
    if (this.#options.core.role !== "leader") return;
    this.#enterTerm();
    this.#judge();
  }

  /** What was found out in an earlier term is found out again: another leader has another state. */
  #enterTerm(): void {
    const { currentTerm } = this.#options.core;
    if (this.#term === currentTerm) return;
    this.#term = currentTerm;
    this.#reported = new Map();
    this.#verdict = undefined;
    this.#confirmed = 0;
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #reportedBy(peer: NodeId): Reported {
    const reported = this.#reported.get(peer) ?? { agreed: 0, differed: undefined, told: 0 };
    this.#reported.set(peer, reported);
    return reported;
  }

  #compare(peer: NodeId, reported: Reported, report: StateCheckpoint): void {
    const own = this.#ownAt(report.index);
    if (own === undefined) {
      // Not reached here yet, and told again then; or older than what is remembered, and the next one will do.
      mark("audit-report-of-another-time");
      return;
    }
    if (own.digest === report.digest) reported.agreed = Math.max(reported.agreed, report.index);
    else if (reported.differed === undefined) {
      mark("audit-follower-differs");
      reported.differed = report.index;
      this.#options.logger.error({ peer, index: report.index, digest: own.digest, theirs: report.digest }, "the state of another node differs from this node's");
    }
  }

  #judge(): void {
    const { core, id } = this.#options;
    const newest = this.#newestIndex();
    const agreed = quorumValue(core.membership, (voter) => (voter === id ? newest : (this.#reported.get(voter)?.agreed ?? 0)));
    const verdict = this.#options.checkpoints().findLast(({ index }) => index <= agreed);
    if (verdict !== undefined && verdict.index > (this.#verdict?.index ?? 0)) this.#verdict = verdict;
    const isOpen = [...this.#reported.values()].some(({ differed }) => differed !== undefined && differed > (this.#verdict?.index ?? 0));
    if (!isOpen) {
      this.#deadline?.cancel();
      this.#deadline = undefined;
      return;
    }
    const against = quorumDecision(core.membership, (voter) => (this.#reported.get(voter)?.differed === undefined ? undefined : false));
    if (against === "lost") {
      mark("audit-leader-is-in-the-minority");
      this.#diverged(this.#firstDifference(), "a majority has another state than this node");
    } else this.#armDeadline();
  }

  #armDeadline(): void {
    const { clock, patienceMs } = this.#options;
    const term = this.#term;
    this.#deadline ??= clock.at(clock.now() + patienceMs, () => {
      this.#deadline = undefined;
      if (this.#term !== term || this.#options.core.role !== "leader") return;
      mark("audit-nobody-can-tell-who-is-right");
      this.#diverged(this.#firstDifference(), "another node has another state, and no majority says which one is right");
    });
  }

  #firstDifference(): number {
    return Math.min(...[...this.#reported.values()].map(({ differed }) => differed ?? Number.POSITIVE_INFINITY));
  }

  #comparePending(): void {
    if (this.#pending.length === 0) return;
    const newest = this.#newestIndex();
    const reached = this.#pending.filter(({ index }) => index <= newest);
    if (reached.length === 0) return;
    this.#pending = this.#pending.filter(({ index }) => index > newest);
    for (const verdict of reached) {
      const own = this.#ownAt(verdict.index);
      if (own === undefined) continue;
      if (own.digest !== verdict.digest) {
        mark("audit-follower-is-in-the-minority");
        return this.#diverged(verdict.index, "a majority has another state than this node");
      }
      this.#confirmed = Math.max(this.#confirmed, verdict.index);
    }
  }

  #newestIndex(): number {
    return this.#options.checkpoints().at(-1)?.index ?? 0;
  }

  #ownAt(index: number): StateCheckpoint | undefined {
    return this.#options.checkpoints().find((checkpoint) => checkpoint.index === index);
  }

  #diverged(index: number, reason: string): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#deadline?.cancel();
    this.#options.onDivergence(new RaftctlError("CORRUPT", `${reason} at index ${index}: it applies nothing any more and answers nothing from its state`, {
      details: { index },
      hint: "raftctl doctor; then raftctl daemon stop on this node and raftctl join --fresh",
    }));
  }
}
