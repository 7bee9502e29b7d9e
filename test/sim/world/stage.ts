// What everybody in the simulated world can see and do: the time, the nodes, whether faults still strike, and the trace.

import type { Scheduler } from "../kernel/scheduler.ts";
import type { Trace } from "../kernel/trace.ts";
import type { SimNode } from "./sim-node.ts";

export class Stage {
  readonly electionTimeout: number;
  /** Every node that ever was; node n is the one at n - 1. */
  readonly nodes: SimNode[] = [];
  /** Faults have stopped, and whoever waits will be answered. */
  healed = false;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;

  constructor(scheduler: Scheduler, trace: Trace, electionTimeout: number) {
    this.#scheduler = scheduler;
    this.#trace = trace;
    this.electionTimeout = electionTimeout;
  }

  get now(): number {
    return this.#scheduler.now;
  }

  at(ms: number, call: () => void): void {
    this.#scheduler.at(this.now + ms, call);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(ms, resolve));
  }

  trace(who: string, what: string, details: string): void {
    this.#trace.record(who, what, details);
  }

  /** For people who read the trace. */
  note(who: string, what: string, details: () => string): void {
    this.#trace.note(who, what, details);
  }

  /** The leader of the highest term, as far as one can tell from outside. */
  leader(): SimNode | undefined {
    let newest: SimNode | undefined;
    let term = 0;
    for (const node of this.nodes) {
      const core = node.process?.raft.core;
      if (core?.role !== "leader" || core.currentTerm <= term) continue;
      newest = node;
      term = core.currentTerm;
    }
    return newest;
  }
}
