// How a node that starts takes leadership when nobody else can, and how one that stops hands it on.

import type { Clock } from "../base/clock.ts";
import { defer } from "../base/deferred.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Raft } from "../host/region.ts";

export interface LoneVoter {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly electionTimeout: number;
  /** Settles when this node has its place in the cluster. */
  readonly entered: Promise<unknown>;
}

/**
 * A single voter leads at once: whoever hears that it is ready may write, and join it at the address that it has announced. Resolves at once when others
 * vote too, and after two election timeouts at the latest.
 */
export async function leadAlone({ raft, clock, electionTimeout, entered }: LoneVoter): Promise<void> {
  if (raft.core.membership.voters.length !== 1) return;
  const patience = defer<void>();
  const timer = clock.at(clock.now() + 2 * electionTimeout, () => patience.resolve());
  await Promise.race([entered, patience.promise]);
  timer.cancel();
}

export async function handOver(raft: Raft | undefined, logger: Logger): Promise<void> {
  if (raft === undefined || raft.core.role !== "leader" || raft.core.membership.voters.length < 2) return;
  await raft.transferLeadership(undefined).catch((error: unknown) => logger.warn({ reason: toRaftctlError(error).message }, "leadership could not be handed over"));
}
