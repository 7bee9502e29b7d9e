// Between a proposal and the log: whether this node takes proposals at all, and what the validator says to this one. A proposal is validated in the
// order in which it is appended, with everything before it in the log, so that of two that exclude each other exactly one comes in (S35). One that cannot be
// decided yet waits here without an index; its caller's deadline runs on, and when leadership ends it is refused as not appended.

import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Input, Proposal } from "../raft/input.ts";
import type { RawNode } from "../raft/raft.ts";
import { notLeader, type Proposals } from "./proposals.ts";
import type { RaftStorage } from "./raft-storage.ts";
import type { CommandValidator, Verdict } from "./validation.ts";

export interface ProposalGateParts {
  readonly core: Pick<RawNode, "role" | "leader" | "currentTerm" | "lastIndex" | "lastApplied" | "entriesBetween">;
  readonly storage: Pick<RaftStorage, "readOnly">;
  readonly proposals: Proposals;
  readonly waitingMax: number;
  readonly validator: CommandValidator | undefined;
  readonly logger: Logger;
  readonly deliver: (input: Input) => void;
}

interface PostponedProposal {
  readonly proposal: Proposal;
  readonly untilApplied: number;
}

export class ProposalGate {
  readonly #parts: ProposalGateParts;
  /** The same for everybody: when most are refused, a refusal must cost little. */
  readonly #busy: RaftctlError;
  #postponed: PostponedProposal[] = [];

  constructor(parts: ProposalGateParts) {
    this.#parts = parts;
    this.#busy = new RaftctlError("BUSY", `${parts.waitingMax} proposals are waiting already`, { hint: "send less at a time, or again a little later" });
  }

  /** Why no proposal is taken now. */
  closed(): RaftctlError | undefined {
    const { core, storage, proposals, waitingMax } = this.#parts;
    if (core.role !== "leader") return notLeader(core.leader, "this node does not lead the region");
    if (storage.readOnly) {
      mark("proposal-refused-disk-full");
      return new RaftctlError("NO_SPACE", "the disk of the leader is full; reads go on, writes wait for space", { hint: "free space on the leader's disk; it recovers by itself" });
    }
    if (proposals.waiting >= waitingMax) {
      mark("proposal-refused-too-many-waiting");
      return this.#busy;
    }
    return undefined;
  }

  /** Whether the core may take it now; otherwise it has been refused, or waits. */
  admits(proposal: Proposal): boolean {
    const { core, validator, proposals } = this.#parts;
    // One that came too late for this leadership is refused by the core.
    if (validator === undefined || core.role !== "leader") return true;
    const verdict = this.#verdict(validator, proposal.data);
    if (verdict === undefined) return true;
    if (verdict instanceof RaftctlError) {
      mark("proposal-refused-by-the-validator");
      proposals.refused(proposal.ticket, verdict);
    } else {
      mark("proposal-postponed-by-the-validator");
      this.#postponed.push({ proposal, untilApplied: verdict.untilApplied });
    }
    return false;
  }

  /** The core knows that the state machine has everything up to here. */
  applied(index: number): void {
    if (this.#postponed.length > 0) this.#again(({ untilApplied }) => untilApplied <= index);
  }

  /** Time has passed: leadership may have ended, or what no index tells has come about. */
  reconsider(): void {
    if (this.#postponed.length > 0) this.#again(() => true);
  }

  #again(isDue: (postponed: PostponedProposal) => boolean): void {
    const { proposals, deliver } = this.#parts;
    const due = this.#postponed.filter(isDue);
    this.#postponed = this.#postponed.filter((postponed) => !isDue(postponed));
    for (const { proposal } of due) {
      // Whoever was told that it is too late must not find it applied after all.
      if (proposals.awaitsPlace(proposal.ticket)) deliver(proposal);
    }
  }

  #verdict(validator: CommandValidator, command: Uint8Array): Verdict {
    const { core, logger } = this.#parts;
    try {
      return validator.validate(command, core);
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (error.code === "CORRUPT" || error.code === "IO_ERROR") throw error;
      logger.error({ reason: error.message }, "the validator failed; the write was refused");
      return new RaftctlError("INTERNAL", `the validator failed, and nothing was written: ${error.message}`, { cause: thrown });
    }
  }
}
