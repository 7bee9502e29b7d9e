// `check perf` from its flags to its finding.

import type { RaftctlError } from "../../../base/errors.ts";
import type { Client } from "../../../client/client.ts";
import type { Warning } from "../../envelope.ts";
import type { GlobalFlags } from "../../flags.ts";
import { ProgressLine } from "../../progress-line.ts";
import { resolveTarget } from "../../target.ts";
import { makeRunId, runPrefix } from "../check-keys.ts";
import { untilSignalled } from "../interruption.ts";
import { exactDuration } from "../latency-text.ts";
import { perfDocument, type PerfDocument, perfFinding } from "./perf-document.ts";
import { type PerfFlags, perfPlan } from "./perf-flags.ts";
import { runPerf } from "./perf-run.ts";
import type { Tally } from "./tally.ts";

export interface Surroundings {
  readonly connect: () => Promise<Client>;
  readonly env: NodeJS.ProcessEnv;
  readonly warn: (warning: Warning) => void;
}

export interface PerfFinding {
  readonly document: PerfDocument;
  /** undefined for a pass. */
  readonly error: RaftctlError | undefined;
  /** Exit code of the signal that ended the load before its time. */
  readonly interrupted: number | undefined;
}

export async function checkPerf(flags: GlobalFlags & PerfFlags, { connect, env, warn }: Surroundings): Promise<PerfFinding> {
  const plan = perfPlan(flags);
  const prefix = runPrefix(makeRunId(Date.now()));
  const [client, target] = await Promise.all([connect(), resolveTarget(flags, env)]);
  const line = new ProgressLine(flags.quiet || !process.stderr.isTTY);
  const { value: record, interrupted } = await untilSignalled((signal) => runPerf(client, {
    ...plan, prefix, target, timeoutMs: client.timeoutMs, region: flags.region ?? target.region, signal,
    onProgress: (stage, tally, elapsedMs) => line.show(stage, tally === undefined || elapsedMs === 0 ? "" : progressText(tally, elapsedMs)),
  })).finally(() => line.end());
  const document = perfDocument(plan, record, prefix);
  if (!record.isCleaned) warn({ code: "KEYS_LEFT", message: `keys may be left; when the cluster answers again: raftctl del ${prefix} --prefix` });
  return { document, error: interrupted === undefined ? perfFinding(document) : undefined, interrupted };
}

function progressText({ all, busy, failed }: Tally, elapsedMs: number): string {
  const perSecond = Math.round((all.count / elapsedMs) * 1000);
  return `${Math.round(elapsedMs / 1000)}s: ${perSecond} per second, p99 ${exactDuration(all.percentile(99))}, ${busy} BUSY, ${failed} failed`;
}
