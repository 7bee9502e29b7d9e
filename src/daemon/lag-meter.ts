// How late the event loop is: everything on the Raft path shares one thread, so a blocked loop looks like a slow network to the peers (S49).

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Logger } from "../base/logger.ts";

const resolutionMs = 100;

export class LagMeter {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;

  /** @param warnMs a 99th percentile above this, within one period, is worth a warning. */
  constructor(logger: Logger, warnMs: number, periodMs = 10_000) {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      const lag = this.p99Ms;
      if (lag > warnMs) logger.warn({ eventLoopLagP99Ms: Math.round(lag), maxMs: Math.round(this.#histogram.max / 1e6) }, "the event loop is late: heartbeats and answers are delayed");
      this.#histogram.reset();
    }, periodMs);
    this.#timer.unref();
  }

  /** Beyond the sampling interval itself. */
  get p99Ms(): number {
    const p99 = this.#histogram.percentile(99) / 1e6;
    return Number.isFinite(p99) ? Math.max(0, p99 - resolutionMs) : 0;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
