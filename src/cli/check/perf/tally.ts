// What became of the operations of a load: how many were answered and how long that took, how many were refused with BUSY, how many failed and with what.

import type { ErrorCode, RaftctlError } from "../../../base/errors.ts";
import { parseRequestId } from "../../../client/session.ts";
import type { SessionStamp } from "../../../wire/command.ts";
import { LatencyHistogram } from "../latency-histogram.ts";

export type OperationKind = "write" | "read";

const doubtsMax = 10_000;

export class Tally {
  readonly all = new LatencyHistogram();
  readonly write = new LatencyHistogram();
  readonly read = new LatencyHistogram();
  /** Between when an operation was meant to be sent and when it was. */
  readonly sendDelay = new LatencyHistogram();
  readonly errors = new Map<ErrorCode, number>();
  /** Writes whose outcome is not known; the first so many. */
  readonly doubts: SessionStamp[] = [];
  busy = 0;
  /** Answered before the end of the load: what its throughput is made of. */
  inTime = 0;
  #endMs: number;

  constructor(endMs: number) {
    this.#endMs = endMs;
  }

  get failed(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }

  get endMs(): number {
    return this.#endMs;
  }

  /** The load has ended before its time. */
  endsAt(timeMs: number): void {
    this.#endMs = Math.min(this.#endMs, timeMs);
  }

  /** @param intendedMs when it was meant to be sent */
  answered(kind: OperationKind, intendedMs: number, answeredMs: number): void {
    this.all.record(answeredMs - intendedMs);
    this[kind].record(answeredMs - intendedMs);
    if (answeredMs <= this.#endMs) this.inTime += 1;
  }

  refused(error: RaftctlError): void {
    if (error.code === "BUSY") this.busy += 1;
    else this.errors.set(error.code, (this.errors.get(error.code) ?? 0) + 1);
    this.keepDoubt(error);
  }

  /** Of a write that is not counted. */
  keepDoubt({ code, details }: RaftctlError): void {
    const requestId = code === "UNKNOWN_OUTCOME" ? details?.["requestId"] : undefined;
    if (typeof requestId === "string" && this.doubts.length < doubtsMax) this.doubts.push(parseRequestId(requestId));
  }
}
