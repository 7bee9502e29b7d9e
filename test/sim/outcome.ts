// What one seed came to. Plain data: it travels between the runner's processes.

export interface Outcome {
  readonly seed: number;
  /** undefined: every property held from the first event to the last. */
  readonly violation: ViolationReport | undefined;
  /** 16 hexadecimal digits over every line of the trace: equal for equal seeds, on every machine. */
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  /** Client operations that the history checkers judged. */
  readonly operations: number;
  /** What struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** What was planned, in order; its position is the number by which a run leaves it out. */
  readonly plan: readonly string[];
  /** How often each marked branch was taken. */
  readonly marks: Readonly<Record<string, number>>;
}

export interface ViolationReport {
  readonly property: string;
  readonly message: string;
  readonly atMs: number;
  readonly stack: string | undefined;
}

export interface RunOptions {
  /** Planned faults that do not strike, by number. */
  readonly omit?: ReadonlySet<number>;
  /** Told each line of the trace as it happens. */
  readonly onLine?: (line: string) => void;
}

export type RunSeed = (seed: number, options?: RunOptions) => Promise<Outcome>;
