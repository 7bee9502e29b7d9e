// The daemon that a named context or the configuration means, when neither a flag nor the environment names one directly.

import { readContext, readContexts } from "../config/contexts.ts";
import { parseDuration } from "../config/duration.ts";
import { loadConfig } from "../config/load.ts";
import { checkEndpoint } from "./endpoint.ts";
import type { Target } from "./endpoint.ts";

export async function configuredTarget(contextFlag: string | undefined, env: NodeJS.ProcessEnv): Promise<Target> {
  const contextName = contextFlag ?? (env["RAFTCTL_CONTEXT"] || (await readContexts(env)).current);
  const context = contextName === undefined ? {} : await readContext(contextName, env);
  const shared = {
    ...(context.region !== undefined && { region: context.region }),
    ...(context.timeout !== undefined && { timeoutMs: parseDuration(context.timeout) }),
  };
  const origin = `context ${contextName}`;
  if (context.endpoint !== undefined) return { ...shared, endpoints: [context.endpoint].flat().map(checkEndpoint), origin };
  if (context.socket !== undefined) return { ...shared, socket: context.socket, origin };
  const lower = contextFlag === undefined ? env : { ...env, RAFTCTL_SOCKET: undefined };
  const { config, origin: origins } = await loadConfig({ flags: {}, env: lower, cwd: process.cwd(), contextName });
  return { ...shared, socket: config.adminSocket, origin: socketOrigin(origins) };
}

/** A derived socket path comes from wherever the data directory comes from. */
function socketOrigin(origins: Readonly<Record<string, string>>): string {
  const own = origins["adminSocket"] ?? "default";
  const directory = origins["dataDir"] ?? "default";
  return own === "default" && directory !== "default" ? `the data directory (${directory})` : own;
}
