// Everything outside of the runner that it touches, in one place, so that a test can put its own there.

import type { RunSeed } from "../outcome.ts";
import type { MarkPlace } from "../marks/registry.ts";
import type { Output } from "./output.ts";
import type { ProcessEvents } from "./single-run.ts";

export interface Surroundings {
  /** In this process, for one seed at a time. */
  readonly runSeed: RunSeed;
  /** The same, as the entry of a child process. */
  readonly childFile: URL;
  /** Real ms that one seed may take in a child process. */
  readonly stallMs: number;
  readonly processors: number;
  readonly output: Output;
  readonly errors: Output;
  /** Every coverage mark that there is. */
  readonly markPlaces: () => readonly MarkPlace[];
  readonly process: ProcessEvents;
  readonly regressionsFile: string;
  /** The full name of the commit; undefined without git. */
  readonly commit: () => string | undefined;
  /** Of the wall clock. */
  readonly now: () => number;
  /** Real ms, for durations. */
  readonly elapsed: () => number;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export const exitCodes = { passed: 0, failed: 1, usage: 2, interrupted: 130 } as const;
