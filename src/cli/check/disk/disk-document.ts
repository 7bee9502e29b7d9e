// What `check disk` measured, as its JSON contract, and the verdict. The thresholds: etcd advises to have the 99th percentile of a sync below 10 ms, and the
// slowest one must leave room in the election timeout, because a vote counts only when it is durable.

import { RaftctlError } from "../../../base/errors.ts";
import { formatDuration } from "../../../config/duration.ts";
import { criterion, type CriterionDocument } from "../criterion.ts";
import type { LatencyDocument, LatencyHistogram } from "../latency-histogram.ts";
import { exactDuration } from "../latency-text.ts";

const p99MsMax = 10;
/** Of the election timeout. */
const slowestShareMax = 0.5;

export interface DiskDocument {
  verdict: "pass" | "fail" | "void";
  dataDir: string;
  /** Where it was measured: the data directory, or its nearest parent that is there. */
  directory: string;
  writeBytes: number;
  electionTimeoutMs: number;
  durationMs: number;
  /** Appends made durable one after the other, each by one write and one sync. */
  perSecond: number;
  latency: LatencyDocument;
  criteria: CriterionDocument[];
}

export interface DiskRun {
  readonly dataDir: string;
  readonly directory: string;
  readonly writeBytes: number;
  readonly electionTimeoutMs: number;
  readonly elapsedMs: number;
}

export function diskDocument(histogram: LatencyHistogram, { elapsedMs, ...run }: DiskRun): DiskDocument {
  const latency = histogram.document();
  const criteria = criteriaOf(latency, run.electionTimeoutMs);
  const verdict = latency.count === 0 ? "void" : criteria.every(({ met }) => met) ? "pass" : "fail";
  const perSecond = elapsedMs === 0 ? 0 : Math.round((latency.count / elapsedMs) * 10_000) / 10;
  return { verdict, ...run, durationMs: Math.round(elapsedMs), perSecond, latency, criteria };
}

function criteriaOf({ p99Ms, slowestMs }: LatencyDocument, electionTimeoutMs: number): CriterionDocument[] {
  const slowestMsMax = electionTimeoutMs * slowestShareMax;
  return [
    criterion({
      name: "p99", measured: p99Ms, threshold: p99MsMax, unit: "ms", wants: "at most",
      sentence: `99 of 100 syncs took at most ${exactDuration(p99Ms)}, wanted at most ${p99MsMax}ms: no write is answered before a majority has synced it`,
    }),
    criterion({
      name: "slowest", measured: slowestMs, threshold: slowestMsMax, unit: "ms", wants: "at most",
      sentence: `the slowest sync took ${exactDuration(slowestMs)}, wanted at most ${exactDuration(slowestMsMax)}, half of the election timeout of ${formatDuration(electionTimeoutMs)}: a vote counts when it is synced`,
    }),
  ];
}

/** undefined for a pass. */
export function diskFinding({ verdict, criteria, directory }: DiskDocument): RaftctlError | undefined {
  if (verdict === "pass") return undefined;
  if (verdict === "void") return new RaftctlError("UNHEALTHY", `void: no append to a log in ${directory} became durable in time`, { hint: "give it more time with --duration" });
  const failed = criteria.filter(({ met }) => !met).map(({ sentence }) => sentence);
  return new RaftctlError("UNHEALTHY", `this disk is too slow for a log: ${failed.join("; ")}`, {
    hint: "see what else writes to it, give the log a disk of its own, or a longer raft.electionTimeout: docs/performance.md",
  });
}
