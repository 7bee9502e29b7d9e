// What a simulated node and its processes see of their world.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { Trace } from "../kernel/trace.ts";
import type { SimNetwork } from "../network/sim-network.ts";
import type { Watch } from "../properties/watch.ts";
import type { Knobs } from "./knobs.ts";

export interface Surroundings {
  readonly knobs: Knobs;
  readonly crc32: Crc32;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly network: SimNetwork;
  readonly watch: Watch;
  readonly founding: Membership;
  /** A stream of chance of this node's own. */
  readonly prng: Prng;
  /** The process has been given something to do in this event. */
  touched(): void;
  /** The process has reached a port: a fault may be waiting for it. */
  passed(point: string): void;
  observed(event: RaftEvent): void;
  /** It was not let in. */
  joiningFailed(): void;
  /** It refused to start on what is left of its disk. */
  ruined(): void;
  /** Runs a check of the properties: what it throws ends the run, and not the process inside of which it was found. */
  guard(check: () => void): void;
  /** The run is over: this is what is wrong. */
  fail(thrown: unknown): void;
}
