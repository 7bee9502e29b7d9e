// The daemon's own health report, narrowed to what a probe asks for, and the bound on lag that the caller sets.

import { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";

export interface HealthDocument {
  healthy: boolean;
  live: boolean;
  ready: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
}

export interface HealthQuestion {
  /** live: the process. ready: fit to serve. all: every check of the daemon. */
  readonly scope: "live" | "ready" | "all";
  /** Log entries. */
  readonly maxLag: number | undefined;
}

export async function checkHealth(client: Client, question: HealthQuestion): Promise<HealthDocument> {
  const report = await client.admin.call("health", {});
  const { live, ready } = report;
  if (question.scope === "live") {
    const checks = [{ name: "live", ok: live, detail: live ? "the process answers" : "the process answers, but its loop is stuck" }];
    return { healthy: live, live, ready, checks };
  }
  const lag = question.maxLag === undefined ? [] : [await lagCheck(client, question.maxLag)];
  const checks = [...report.checks, ...lag];
  const fit = question.scope === "ready" ? ready : report.healthy;
  return { healthy: fit && lag.every((check) => check.ok), live, ready, checks };
}

async function lagCheck(client: Client, maxLag: number): Promise<HealthDocument["checks"][number]> {
  const status = await client.admin.call("status", {}).catch(noneYet);
  if (status === undefined) return { name: "max-lag", ok: false, detail: "this node has no log yet" };
  const worst = Math.max(0, ...status.regions.map((region) => region.lag));
  return { name: "max-lag", ok: worst <= maxLag, detail: `${worst} entries behind, at most ${maxLag} wanted` };
}

/** A node that is still forming its cluster. */
function noneYet(thrown: unknown): undefined {
  if (thrown instanceof RaftctlError && thrown.code === "NOT_READY") return undefined;
  throw thrown;
}
