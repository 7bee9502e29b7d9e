// What a node does for the membership while it runs: changes it when it leads and is asked to, carries out replacements, removes the dead if that is wanted,
// watches who catches up, and asks how it stands itself when it hears of no leader.

import type { Clock } from "../base/clock.ts";
import { globalRegion, type ClusterId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/schema.ts";
import { CatchUpWatch } from "../host/catch-up-watch.ts";
import type { HostedRegion } from "../host/host.ts";
import { MemberChange } from "../host/member-change.ts";
import type { Reaping } from "../host/reaping.ts";
import { Replacing } from "../host/replacing.ts";
import { StandingCheck, type StandingCheckOptions } from "../host/standing-check.ts";
import type { Transport } from "../host/transport.ts";
import type { RaftEvent } from "../raft/ready.ts";
import { startReaping } from "./dead-members.ts";
import { randomNodeId } from "./probe.ts";

export interface MembershipUpkeepOptions extends Pick<StandingCheckOptions, "others" | "self" | "admittedAt" | "onTakenBack"> {
  readonly hosted: HostedRegion;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Config;
  readonly clusterId: ClusterId;
}

export class MembershipUpkeep {
  readonly memberChange: MemberChange;
  readonly catchUp: CatchUpWatch;
  readonly #replacing: Replacing;
  readonly #standingCheck: StandingCheck;
  readonly #startReaping: () => Reaping | undefined;
  #reaping: Reaping | undefined;

  constructor({ hosted, transport, clock, logger, config, clusterId, ...own }: MembershipUpkeepOptions) {
    const { raft, gateway } = hosted;
    const { electionTimeout } = config.raft;
    this.memberChange = new MemberChange({ raft, transport, clock, logger, clusterId, electionTimeout, newNodeId: randomNodeId });
    this.catchUp = new CatchUpWatch(clock, () => raft.core.status());
    this.#replacing = new Replacing({ raft, memberChange: this.memberChange, clock, logger, intervalMs: electionTimeout / 2 });
    this.#standingCheck = new StandingCheck({ raft, gateway, network: transport.network.forGroup(globalRegion), clock, logger, electionTimeout, ...own });
    this.#startReaping = () => startReaping(config, { raft, memberChange: this.memberChange, clock, logger });
  }

  start(): void {
    this.catchUp.start();
    this.#replacing.start();
    this.#standingCheck.start();
    this.#reaping = this.#startReaping();
  }

  observed(event: RaftEvent): void {
    this.catchUp.observed(event);
    this.#replacing.observed(event);
    this.#standingCheck.observed(event);
  }

  stop(): void {
    this.catchUp.stop();
    this.#replacing.stop();
    this.#standingCheck.stop();
    this.#reaping?.stop();
  }
}
