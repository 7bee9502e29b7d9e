// GET of what a node says of itself, and of what became of a request.

import { utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { checkHealth } from "../cli/health-check.ts";
import { outcomeDocument } from "../cli/outcome-view.ts";
import { statusDocument } from "../cli/status-view.ts";
import { parseRequestId, requestId } from "../client/session.ts";
import type { Finding } from "./answers.ts";
import type { Call } from "./call.ts";
import { percentDecoded } from "./query.ts";

export const healthParameters = ["scope", "maxLag"];

export async function getStatus({ client }: Call): Promise<Finding> {
  return { result: statusDocument([{ status: await client.admin.call("status", {}) }]) };
}

/** @see commands/health.ts */
export async function getHealth({ client, query }: Call): Promise<Finding> {
  const document = await checkHealth(client, { scope: query.choice("scope", ["live", "ready", "all"]) ?? "all", maxLag: query.count("maxLag") });
  if (document.healthy) return { result: document };
  const failed = document.checks.filter((check) => !check.ok).map((check) => `${check.name} (${check.detail})`);
  return { result: document, error: new RaftctlError("UNHEALTHY", `not healthy: ${failed.join("; ")}`, { hint: "raftctl doctor" }) };
}

export async function getVersion({ client }: Call): Promise<Finding> {
  return { result: await client.admin.call("version", {}) };
}

export async function getOutcome({ client, rest }: Call): Promise<Finding> {
  const stamp = parseRequestId(utf8Text(percentDecoded("request", rest)) ?? "");
  const { document, error } = outcomeDocument(requestId(stamp), await client.kv.outcome(stamp));
  return { result: document, error };
}
