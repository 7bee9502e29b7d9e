// A member whose addresses or name differ from what the log says of it (a restart with another port, another host) says so, and the membership is
// updated through the log. Identity never changes; addresses do.

import type { Clock } from "../base/clock.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Member } from "../raft/membership.ts";
import type { LeaderGateway } from "./leader-gateway.ts";
import type { Raft } from "./region.ts";

export interface AnnouncementOptions {
  readonly raft: Raft;
  readonly gateway: LeaderGateway;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retryMs: number;
}

export class Announcement {
  readonly #options: AnnouncementOptions;
  #stopped = false;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
  }

  /** Resolves when the membership says what this node says, or this node is no member, or `stop` was called. */
  async announce(self: Member): Promise<void> {
    const { raft, gateway, clock, logger, retryMs } = this.#options;
    while (!this.#stopped && this.#differs(self)) {
      mark("announcement-differs");
      const change = { upsert: [self] };
      await gateway
        .administer({ method: "membershipChange", params: { change }, timeoutMs: 5_000 }, () => raft.changeMembership(change))
        .then(() => raft.waitForApplied(raft.core.status().membershipIndex, 5_000))
        .then(() => logger.info({ peerAddress: self.peerAddress, clientAddress: self.clientAddress }, "the cluster knows this node's addresses"))
        .catch((error: unknown) => logger.debug({ reason: toRaftctlError(error).message }, "this node's addresses are not announced yet"));
      if (this.#differs(self)) {
        mark("announcement-tried-again");
        await new Promise<void>((resolve) => void clock.at(clock.now() + retryMs, resolve));
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #differs(self: Member): boolean {
    const known = this.#options.raft.core.membership.members.find(({ id }) => id === self.id);
    if (known === undefined) return false;
    const { name, peerAddress, clientAddress, masterEligible } = self;
    return known.name !== name || known.peerAddress !== peerAddress || known.clientAddress !== clientAddress || known.masterEligible !== masterEligible;
  }
}
