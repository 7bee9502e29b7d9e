// Runs seeds in several processes. Each process holds one seed that it works on and one that waits, so that none is idle and none sits on work that
// another could do. A process that dies or stands still costs its seed a failure and is replaced; the run goes on.

import type { SeedJob, SeedResult } from "./seed-job.ts";
import { SeedProcess } from "./seed-process.ts";
import type { SeedProcessOwner } from "./seed-process.ts";
import type { SeedSource } from "./seed-source.ts";

export interface PoolOptions {
  /** The entry of a child process. */
  readonly childFile: URL;
  readonly jobs: number;
  /** Real ms that one seed may take. */
  readonly stallMs: number;
}

interface Run {
  readonly source: SeedSource;
  readonly onResult: (result: SeedResult) => void;
  readonly finished: () => void;
}

const heldMax = 2;

export class Pool {
  readonly #options: PoolOptions;
  readonly #processes = new Set<SeedProcess>();
  readonly #returned: SeedJob[] = [];
  readonly #owner: SeedProcessOwner;
  #run: Run | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#owner = {
      answered: (process, result) => {
        this.#run?.onResult(result);
        this.#fill(process);
        this.#maybeFinish();
      },
      ended: (process, { failed, unanswered }) => {
        this.#processes.delete(process);
        this.#returned.push(...unanswered);
        if (failed !== undefined) this.#run?.onResult(failed);
        this.#fillAll();
        this.#maybeFinish();
      },
    };
  }

  /** Until the source is empty and everything is answered, or the pool is closed. One run at a time. */
  async run(source: SeedSource, onResult: (result: SeedResult) => void): Promise<void> {
    await new Promise<void>((finished) => {
      this.#run = { source, onResult, finished };
      this.#fillAll();
      this.#maybeFinish();
    });
  }

  /** At once, also in the middle of a run: no result comes any more, and no process is left behind. */
  async close(): Promise<void> {
    this.#finish();
    await Promise.all([...this.#processes].map((process) => process.kill()));
  }

  #fillAll(): void {
    for (const process of this.#processes) this.#fill(process);
    while (this.#run !== undefined && this.#processes.size < this.#options.jobs) {
      const job = this.#next(this.#run);
      if (job === undefined) return;
      const process = new SeedProcess(this.#options.childFile, this.#options.stallMs, this.#owner);
      this.#processes.add(process);
      process.give(job);
      this.#fill(process);
    }
  }

  #fill(process: SeedProcess): void {
    while (this.#run !== undefined && this.#processes.has(process) && process.waiting < heldMax) {
      const job = this.#next(this.#run);
      if (job === undefined) return;
      process.give(job);
    }
  }

  #next(run: Run): SeedJob | undefined {
    return this.#returned.shift() ?? run.source();
  }

  #maybeFinish(): void {
    if (this.#run === undefined || this.#returned.length > 0) return;
    if ([...this.#processes].some((process) => process.waiting > 0)) return;
    this.#finish();
  }

  #finish(): void {
    this.#run?.finished();
    this.#run = undefined;
  }
}
