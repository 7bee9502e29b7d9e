// Every property of a run, made anew for each: they remember.

import type { Crc32 } from "../../../src/base/crc.ts";
import { BoundedRepetition } from "./bounded-repetition.ts";
import { BoundedQueues } from "./bounded-queues.ts";
import { CommittedIsDurable } from "./committed-is-durable.ts";
import { CommittedStays } from "./committed-stays.ts";
import { DurableIsRecovered } from "./durable-is-recovered.ts";
import { ElectionSafety } from "./election-safety.ts";
import { EqualDigests } from "./equal-digests.ts";
import { LeaderAppendOnly } from "./leader-append-only.ts";
import { LeaseSafety, type LeaseSafetyOptions } from "./lease-safety.ts";
import { LeaderCompleteness } from "./leader-completeness.ts";
import { LearnersNeverCount } from "./learners-never-count.ts";
import { JustifiedReaping, type JustifiedReapingOptions } from "./justified-reaping.ts";
import { Liveness } from "./liveness.ts";
import { LogMatching } from "./log-matching.ts";
import { MonotonicState } from "./monotonic-state.ts";
import { OneChangeInFlight } from "./one-change-in-flight.ts";
import { LogVerdict, type LogVerdictOptions } from "./log-verdict.ts";
import { PageConsistency } from "./page-consistency.ts";
import type { Disks, Property } from "./property.ts";
import { ReadMonotonicity } from "./read-monotonicity.ts";
import { ReferenceReplay } from "./reference-replay.ts";
import type { ReferenceLimits } from "./reference-sessions.ts";
import { RulesKept } from "./rules-kept.ts";
import { SaidIsDurable } from "./said-is-durable.ts";
import { SessionExactlyOnce } from "./session-exactly-once.ts";
import { StateMachineSafety } from "./state-machine-safety.ts";
import { TrueBackups } from "./true-backups.ts";
import { WatchCompleteness } from "./watch-completeness.ts";

export interface PropertyOptions {
  /** ms, virtual. */
  readonly now: () => number;
  readonly disks: Disks;
  readonly crc32: Crc32;
  /** ms, as the run has drawn it. */
  readonly electionTimeout: number;
  /** From the end of the faults until the cluster has come to rest. */
  readonly electionTimeoutsMax?: number;
  /** As the state machines have them. */
  readonly sessionLimits?: ReferenceLimits;
  /** Logs are compared at moments that this draws. */
  readonly logs: Pick<LogVerdictOptions, "prng" | "sights">;
  readonly reaping?: JustifiedReapingOptions["reaping"];
  readonly clockRateMax?: LeaseSafetyOptions["clockRateMax"];
  /** Queues are looked at every so many events of a replica. */
  readonly queuesEveryEvents?: number;
}

/** The defaults of the state machine, written down a second time. */
const sessionLimitsUsual: ReferenceLimits = { sessionsMax: 16_384, pagesMax: 65_536, idleMs: 3_600_000 };

/** Several times what the busiest clients of a seed bring about. */
const repetitionsUsual = 2_000;

/** The cheap and telling ones first: a run ends with the first violation, and its name should say the most. */
export function allProperties(options: PropertyOptions): Property[] {
  const { now, disks, crc32, logs, electionTimeout, electionTimeoutsMax = 300, sessionLimits = sessionLimitsUsual, queuesEveryEvents = 8, reaping, clockRateMax = () => 1 } = options;
  return [
    new ElectionSafety(),
    new MonotonicState(),
    new LeaderAppendOnly(),
    new LogMatching(crc32),
    new LeaderCompleteness(),
    new CommittedStays(),
    new StateMachineSafety(crc32),
    new CommittedIsDurable(disks),
    new SaidIsDurable(disks),
    new DurableIsRecovered(disks),
    new OneChangeInFlight(),
    new LearnersNeverCount(),
    new JustifiedReaping({ now, electionTimeout, reaping }),
    new LeaseSafety({ now, clockRateMax }),
    new ReferenceReplay(sessionLimits),
    new SessionExactlyOnce(sessionLimits),
    new EqualDigests(),
    new TrueBackups(),
    new WatchCompleteness(sessionLimits),
    new RulesKept(sessionLimits),
    new PageConsistency(sessionLimits),
    new LogVerdict({ now, crc32, electionTimeout, ...logs }),
    new ReadMonotonicity(),
    new BoundedQueues(queuesEveryEvents),
    new BoundedRepetition({ now, electionTimeout, repetitionsMax: repetitionsUsual }),
    new Liveness({ electionTimeout, electionTimeoutsMax }),
  ];
}
