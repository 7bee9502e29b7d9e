// The options of a region's core, checked once at construction. What would make elections impossible or a bound meaningless is refused.

import { RaftctlError } from "../base/errors.ts";
import type { RaftOptions } from "./options.ts";

/** @throws CONFIG_INVALID */
export function checkRaftOptions(options: RaftOptions): void {
  const { electionTimeout, heartbeatInterval } = options;
  if (!(electionTimeout > 0 && Number.isFinite(electionTimeout))) throw invalid("electionTimeout", electionTimeout, "a positive number of ms");
  if (!(heartbeatInterval > 0 && heartbeatInterval * 3 <= electionTimeout)) {
    throw invalid("heartbeatInterval", heartbeatInterval, `above 0 and at most a third of electionTimeout (${electionTimeout} ms)`);
  }
  const { leaseReads, pledgedMs } = options;
  if (leaseReads !== undefined && !(leaseReads.driftMax >= 0 && leaseReads.driftMax < 1)) throw invalid("leaseReads.driftMax", leaseReads.driftMax, "from 0 to below 1");
  if (pledgedMs !== undefined && !(pledgedMs >= 0 && Number.isFinite(pledgedMs))) throw invalid("pledgedMs", pledgedMs, "a number of ms");
  for (const name of ["appendBytesMax", "appendsInFlightMax", "applyBytesMax", "uncommittedBytesMax"] as const) {
    if (!Number.isSafeInteger(options[name]) || options[name] < 1) throw invalid(name, options[name], "a whole number from 1 on");
  }
}

function invalid(name: string, value: number, want: string): RaftctlError {
  return new RaftctlError("CONFIG_INVALID", `${name} is ${value}: it must be ${want}`);
}
