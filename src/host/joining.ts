// A newcomer's way into a cluster, on the newcomer: ask any member, become a learner, catch up, be promoted. It goes on after a restart and after a
// change of leader, and ends as a voter (or learner, if that was asked for), or failed, with the learner removed again.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { globalRegion, type NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { JoinProgress, JoinReply, JoinRequest } from "../wire/admin-protocol.ts";
import type { LeaderGateway } from "./leader-gateway.ts";
import type { Raft } from "./region.ts";
import type { Transport } from "./transport.ts";

/** What the newcomer knows of it by itself. */
export type OwnJoinProgress = Omit<JoinProgress, "bytes" | "lag" | "catchUp">;

export interface JoiningOptions {
  readonly raft: Raft;
  readonly gateway: LeaderGateway;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seeds: readonly string[];
  readonly request: JoinRequest;
  readonly retryMs: number;
  /** Until the newcomer is admitted and caught up, ms. */
  readonly giveUpMs: number;
  /** The cluster's peer addresses, as the admitting leader gave them, until the log brings the membership. */
  readonly onMembers: (members: JoinReply["members"]) => void;
}

const transient = new Set(["UNREACHABLE", "CONNECTION_LOST", "TIMEOUT", "NO_LEADER", "NOT_LEADER", "CHANGE_IN_PROGRESS", "BUSY", "NOT_READY", "STOPPED"]);

/** By the cluster, or from one that was recovered meanwhile: which of the two it is, only another seed can tell. */
const turnedAway = new Set(["INCARNATION_REFUSED", "REMOVED", "CLUSTER_RECOVERED"]);

export class Joining {
  readonly #options: JoiningOptions;
  readonly #began: number;
  #stage: JoinProgress["stage"] = "asking";
  #ended: number | undefined;
  #joinedAtIndex: number | undefined;
  #targetIndex: number | undefined;
  #error: RaftctlError | undefined;
  #pause: Timer | undefined;
  #stopped = false;

  constructor(options: JoiningOptions) {
    this.#options = options;
    this.#began = options.clock.now();
  }

  progress(): OwnJoinProgress {
    const { core } = this.#options.raft;
    const error = this.#error;
    return {
      stage: this.#stage,
      joinedAtIndex: this.#joinedAtIndex ?? null,
      entries: core.lastApplied,
      ms: Math.round((this.#ended ?? this.#options.clock.now()) - this.#began),
      targetIndex: this.#targetIndex ?? null,
      error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
    };
  }

  /** The index at which a leader admitted this node; 0 when that was before this start, undefined before it. */
  get admittedAt(): number | undefined {
    return this.#joinedAtIndex ?? (this.#stage === "asking" ? undefined : 0);
  }

  /** The node goes down: joining goes on after its next start. */
  stop(): void {
    this.#stopped = true;
    this.#pause?.cancel();
  }

  /** Settles when joining has ended, well or not, and never when it was stopped; never rejects. */
  async run(): Promise<JoinProgress["stage"]> {
    try {
      if (!this.#isMember()) await this.#ask();
      else mark("joining-went-on-after-a-restart");
      this.#stage = "added";
      await this.#retry(() => this.#catchUp());
      this.#stage = "caught-up";
      if (this.#wantsVote()) await this.#retry(() => this.#promote());
      // Whoever carries out a replacement may have been faster.
      if (this.#isVoter()) this.#stage = "voter";
    } catch (error) {
      await this.#fail(toRaftctlError(error));
    }
    this.#ended = this.#options.clock.now();
    return this.#stage;
  }

  #isMember(): boolean {
    const { raft } = this.#options;
    return raft.core.membership.members.some(({ id }) => id === raft.id);
  }

  #isVoter(): boolean {
    const { raft } = this.#options;
    return raft.core.membership.voters.includes(raft.id);
  }

  #wantsVote(): boolean {
    const { role, promote } = this.#options.request;
    return role === "voter" && promote === "auto" && !this.#isVoter();
  }

  async #ask(): Promise<void> {
    const reply = await this.#retry(() => this.#askSeeds());
    this.#joinedAtIndex = reply.membershipIndex;
    this.#options.onMembers(reply.members);
    await this.#retry(() => this.#options.raft.waitForApplied(reply.membershipIndex, this.#options.retryMs * 10));
  }

  /** The first seed that gives a definite answer decides; one that the cluster itself turns away has none to give. */
  async #askSeeds(): Promise<JoinReply> {
    const { transport, seeds, request } = this.#options;
    let last: RaftctlError | undefined;
    for (const seed of seeds) {
      try {
        const rpc = { type: "admin", hops: 0, method: "join", params: request, timeoutMs: 5_000 } as const;
        const response = await transport.callAddress(seed, globalRegion, rpc, { timeoutMs: 6_000 });
        return response.result as JoinReply;
      } catch (error) {
        last = toRaftctlError(error);
        if (turnedAway.has(last.code)) last = new RaftctlError(last.code, `${seed} cannot let anybody in: ${last.message}`, { cause: last, hint: "name another member to join" });
        else if (!transient.has(last.code)) throw last;
        mark("joining-seed-gave-no-answer");
      }
    }
    throw last ?? new RaftctlError("INVALID_ARGUMENT", "no member was named to join");
  }

  /** A linearizable read that this node can serve proves that it holds everything that was committed when it asked. */
  async #catchUp(): Promise<void> {
    this.#targetIndex = await this.#options.gateway.readable(5_000);
  }

  async #promote(): Promise<void> {
    const { gateway, raft } = this.#options;
    const change = { promote: [raft.id] as NodeId[] };
    const params = { change };
    await gateway.administer({ method: "membershipChange", params, timeoutMs: 10_000 }, () => raft.changeMembership(change));
    await raft.waitForApplied(raft.core.status().membershipIndex, 5_000);
    if (!this.#isVoter()) {
      mark("joining-promotion-not-here-yet");
      throw new RaftctlError("NOT_READY", "the promotion has not reached this node yet");
    }
  }

  async #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, giveUpMs, raft, retryMs } = this.#options;
    for (;;) {
      try {
        return await attempt();
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        const promotedMeanwhile = error.code === "CONFLICT" && this.#stage === "caught-up" && !this.#wantsVote();
        if (promotedMeanwhile) {
          mark("joining-promoted-meanwhile");
          return undefined as T;
        }
        // The leader hears a moment later than this node itself that the whole state has arrived.
        const seemsBehind = error.code === "CONFLICT" && this.#stage === "caught-up";
        // A leader whose state is wrong; the next one's is not.
        const leaderHalted = error.code === "CORRUPT" && raft.divergence === undefined;
        const again = seemsBehind || leaderHalted || transient.has(error.code) || error.code === "UNKNOWN_OUTCOME";
        if (this.#stopped) return await new Promise<T>(() => undefined);
        if (!again || clock.now() - this.#began > giveUpMs) throw error;
        mark("joining-tried-again");
        this.#error = error;
        await new Promise<void>((resolve) => (this.#pause = clock.at(clock.now() + retryMs, resolve)));
        this.#error = undefined;
      }
    }
  }

  async #fail(error: RaftctlError): Promise<void> {
    const { gateway, raft, logger } = this.#options;
    this.#error = error;
    const wasAdded = (this.#joinedAtIndex !== undefined || this.#stage !== "asking") && !this.#isVoter();
    mark("joining-failed");
    this.#stage = "failed";
    logger.error({ code: error.code, reason: error.message }, "joining failed");
    if (!wasAdded) return;
    mark("joining-failed-learner-removed");
    const change = { remove: [raft.id] };
    await gateway
      .administer({ method: "membershipChange", params: { change }, timeoutMs: 5_000 }, () => raft.changeMembership(change))
      .catch((cause: unknown) => logger.warn({ reason: toRaftctlError(cause).message }, "the learner could not be removed again; remove it with raftctl member remove"));
  }
}
