// Carries out the replacements that the membership records (N9), on whichever node leads: once the newcomer has joined and caught up, it becomes a
// voter and the leaving member goes, in one joint change. A crash or a change of leader loses nothing, because the record is in the log; the end of
// an operation is the change itself.

import type { Clock } from "../base/clock.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import { isJoint, type MembershipChange, type Replacement } from "../raft/membership.ts";
import type { RaftEvent } from "../raft/ready.ts";
import type { MemberChange } from "./member-change.ts";
import type { Raft } from "./region.ts";
import { lagOf, newcomerOf } from "./replacements.ts";
import { Vigil } from "./vigil.ts";

/** A newcomer that lacks at most this many entries takes the place at once: the rest arrives while the change is on its way. */
const caughtUpLagMax = 64;

export interface ReplacingOptions {
  readonly raft: Raft;
  readonly memberChange: Pick<MemberChange, "change">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often it is looked at while one is under way, ms. */
  readonly intervalMs: number;
}

interface Due {
  readonly replacement: Replacement;
  readonly change: MembershipChange;
}

export class Replacing {
  readonly #options: ReplacingOptions;
  readonly #vigil: Vigil;
  #busy = false;

  constructor(options: ReplacingOptions) {
    this.#options = options;
    this.#vigil = new Vigil(options.clock, options.intervalMs, () => this.#look());
  }

  start(): void {
    this.#vigil.wake();
  }

  stop(): void {
    this.#vigil.stop();
  }

  observed({ kind }: RaftEvent): void {
    if (kind === "roleChanged" || kind === "membershipAppended" || kind === "membershipCommitted") this.#vigil.wake();
  }

  #look(): boolean {
    const { core } = this.#options.raft;
    if (core.role !== "leader" || core.membership.replacements === undefined) return false;
    if (!this.#busy) void this.#goOn();
    return true;
  }

  async #goOn(): Promise<void> {
    const { logger } = this.#options;
    const due = this.#due();
    if (due === undefined) return;
    this.#busy = true;
    try {
      await this.#carryOut(due);
    } catch (error) {
      // Also when leadership went elsewhere: whoever leads then goes on.
      mark("replacement-tried-again");
      logger.debug({ reason: toRaftctlError(error).message, replacement: due.replacement.id }, "a replacement waits");
    } finally {
      this.#busy = false;
    }
  }

  /** A leader that is replaced itself leaves that to its successor. */
  async #carryOut({ replacement, change }: Due): Promise<void> {
    const { raft, memberChange, logger } = this.#options;
    if (replacement.leaving === raft.id) {
      mark("replacement-of-the-leader-hands-over");
      await raft.transferLeadership(undefined);
      return;
    }
    const index = await memberChange.change(change);
    mark("replacement-done");
    logger.info({ index, replacement: replacement.id, newcomer: replacement.newcomer }, "a member was replaced");
  }

  #due(): Due | undefined {
    const status = this.#options.raft.core.status();
    const { membership } = status;
    if (isJoint(membership)) return undefined;
    for (const replacement of membership.replacements ?? []) {
      const id = newcomerOf(membership, replacement);
      if (id === undefined) continue;
      // It votes already: it was promoted before the operation began.
      if (membership.voters.includes(id)) return { replacement, change: { remove: [replacement.leaving] } };
      if ((lagOf(status, id) ?? Number.POSITIVE_INFINITY) <= caughtUpLagMax) return { replacement, change: { promote: [id], remove: [replacement.leaving] } };
    }
    return undefined;
  }
}
