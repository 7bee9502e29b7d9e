// A suite: stores that are started for it alone, what is done to them once, and steps that are measured in each round. The runner goes round by round and step
// by step, and within a step from store to store, so that what is compared has run side by side.

import type { Figure, Measured } from "./figure.ts";
import type { Scale } from "./scale.ts";
import type { Connections, Target } from "./target.ts";
import { connectionCount, fill, keyCount } from "./workload.ts";

/** A store that has been started and prepared, with connections to its leader. */
export interface Prepared {
  readonly target: Target;
  readonly connections: Connections;
}

export interface Step {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** One value for each of the figures. */
  readonly run: (prepared: Prepared, scale: Scale) => Promise<Measured>;
}

export interface Suite {
  readonly name: string;
  readonly about: string;
  /** own: what is wanted is no ratio, so etcd has no part in it. */
  readonly stores: "both" | "own";
  /** Runs only when it is asked for by name: it takes long. */
  readonly isLong?: boolean;
  readonly prepare?: (prepared: Prepared, scale: Scale) => Promise<void>;
  readonly steps: (scale: Scale) => readonly Step[];
}

/** What most suites begin with: every key is there. */
export async function prepareStore(target: Target): Promise<Prepared> {
  const connections = await target.connect(connectionCount, [await target.leader()]);
  await fill(connections, keyCount, keyCount);
  return { target, connections };
}
