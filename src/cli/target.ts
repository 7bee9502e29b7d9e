// Which daemon is meant, and who said so: flag > environment > configuration (context, file, identity) > default. The configuration is read
// only when neither a flag nor the environment decides, so that the common case starts fast.

import { checkEndpoint } from "./endpoint.ts";
import type { Target } from "./endpoint.ts";
import type { GlobalFlags } from "./flags.ts";

export async function resolveTarget(flags: Pick<GlobalFlags, "socket" | "endpoint" | "context">, env: NodeJS.ProcessEnv): Promise<Target> {
  if (flags.socket !== undefined) return { socket: flags.socket, origin: "flag --socket" };
  if (flags.endpoint !== undefined) return { endpoints: flags.endpoint.map(checkEndpoint), origin: "flag --endpoint" };
  if (flags.context === undefined) {
    const endpoints = env["RAFTCTL_ENDPOINT"];
    if (endpoints) return { endpoints: endpoints.split(",").map(checkEndpoint), origin: "env RAFTCTL_ENDPOINT" };
    const socket = env["RAFTCTL_SOCKET"];
    if (socket) return { socket, origin: "env RAFTCTL_SOCKET" };
  }
  const { configuredTarget } = await import("./configured-target.ts");
  return configuredTarget(flags.context, env);
}
