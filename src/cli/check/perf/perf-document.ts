// What `check perf` counted, as its JSON contract, and the verdict. The thresholds are those of etcdctl check perf, so that verdicts compare: nine tenths of the
// rate, no operation above 500 ms, a standard deviation of at most 100 ms. Beyond it: no operation may fail or be refused, and none may be left unsent.

import { RaftctlError } from "../../../base/errors.ts";
import type { Consistency } from "../../../wire/client-protocol.ts";
import { criterion, type CriterionDocument } from "../criterion.ts";
import type { LatencyDocument } from "../latency-histogram.ts";
import { exactDuration } from "../latency-text.ts";
import type { LoadSize, PerfPlan } from "./perf-flags.ts";
import type { PerfRecord } from "./perf-run.ts";

const rateShareMin = 0.9;
const slowestMsMax = 500;
const deviationMsMax = 100;

export interface PerfDocument {
  /** void: nothing was answered. */
  verdict: "pass" | "fail" | "void";
  /** open: operations arrive on schedule, and their latency runs from when they were meant to be sent. closed: each client sends its next one when it is answered. */
  loop: "open" | "closed";
  load?: LoadSize;
  /** Of the open loop. */
  ratePerSecond?: number;
  clients: number;
  connections: number;
  /** Of each client. */
  inFlight: number;
  keys: number;
  valueBytes: number;
  readRatio: number;
  consistency: Consistency;
  durationMs: number;
  answered: number;
  /** Answered before the end, by its length. */
  perSecond: number;
  /** Refused, because the cluster had too much to do. */
  busy: number;
  /** By code, BUSY excluded. */
  errors: Record<string, number>;
  /** Due, and never sent: every client was busy. */
  notSent: number;
  /** How much later than meant operations were sent, at the 99th percentile: because every client was busy, or this machine was. */
  sendDelayP99Ms: number;
  latency: LatencyDocument;
  writes?: LatencyDocument;
  reads?: LatencyDocument;
  criteria: CriterionDocument[];
  /** Of the keys, and whether they are deleted again. */
  prefix: string;
  cleaned: boolean;
}

export function perfDocument({ ratePerSecond, load, ...plan }: PerfPlan, record: PerfRecord, prefix: string): PerfDocument {
  const { tally, notSent, durationMs, isCleaned } = record;
  const latency = tally.all.document();
  const perSecond = durationMs === 0 ? 0 : Math.round((tally.inTime / durationMs) * 10_000) / 10;
  const criteria = [
    ...(ratePerSecond === undefined ? [] : [rateCriterion(perSecond, ratePerSecond)]),
    ...latencyCriteria(latency), countCriterion("errors", tally.failed, `${tally.failed} operations failed, wanted none`),
    countCriterion("busy", tally.busy, `${tally.busy} operations were refused with BUSY, wanted none`),
    ...(ratePerSecond === undefined ? [] : [countCriterion("not-sent", notSent, `${notSent} operations that were due could not be sent, wanted none`)]),
  ];
  return {
    verdict: latency.count === 0 ? "void" : criteria.every(({ met }) => met) ? "pass" : "fail",
    loop: ratePerSecond === undefined ? "closed" : "open",
    ...(load !== undefined && { load }), ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...plan, durationMs: Math.round(durationMs), answered: latency.count, perSecond, busy: tally.busy, errors: Object.fromEntries(tally.errors), notSent,
    sendDelayP99Ms: tally.sendDelay.document().p99Ms, latency,
    ...(tally.write.count > 0 && { writes: tally.write.document() }), ...(tally.read.count > 0 && { reads: tally.read.document() }),
    criteria, prefix, cleaned: isCleaned,
  };
}

function rateCriterion(perSecond: number, ratePerSecond: number): CriterionDocument {
  const threshold = ratePerSecond * rateShareMin;
  return criterion({
    name: "throughput", measured: perSecond, threshold, unit: "/s", wants: "at least",
    sentence: `${perSecond} operations per second were answered, wanted ${threshold} of the ${ratePerSecond} that arrived`,
  });
}

function latencyCriteria({ slowestMs, deviationMs }: LatencyDocument): CriterionDocument[] {
  return [
    criterion({ name: "slowest", measured: slowestMs, threshold: slowestMsMax, unit: "ms", wants: "at most", sentence: `the slowest operation took ${exactDuration(slowestMs)}, wanted at most ${slowestMsMax}ms` }),
    criterion({
      name: "deviation", measured: deviationMs, threshold: deviationMsMax, unit: "ms", wants: "at most",
      sentence: `the standard deviation is ${exactDuration(deviationMs)}, wanted at most ${deviationMsMax}ms`,
    }),
  ];
}

function countCriterion(name: string, measured: number, sentence: string): CriterionDocument {
  return criterion({ name, measured, threshold: 0, unit: "", wants: "at most", sentence });
}

/** undefined for a pass. */
export function perfFinding({ verdict, criteria, errors }: PerfDocument): RaftctlError | undefined {
  if (verdict === "pass") return undefined;
  if (verdict === "void") {
    const codes = Object.entries(errors).map(([code, count]) => `${count} ${code}`).join(", ");
    return new RaftctlError("UNHEALTHY", `void: no operation was answered${codes === "" ? "" : ` (${codes})`}`, { hint: "look with raftctl status --all-nodes" });
  }
  const failed = criteria.filter(({ met }) => !met).map(({ sentence }) => sentence);
  return new RaftctlError("UNHEALTHY", `the cluster does not carry this load: ${failed.join("; ")}`, {
    hint: "raftctl check disk says whether it is the disk; a smaller --load or --rate, what it does carry",
  });
}
