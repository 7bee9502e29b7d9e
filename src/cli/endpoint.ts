// The address of a daemon, as the command line names it.

import { RaftctlError } from "../base/errors.ts";

export interface Target {
  readonly socket?: string;
  readonly endpoints?: readonly string[];
  /** For messages: "flag --endpoint", "env RAFTCTL_SOCKET", "default". */
  readonly origin: string;
  /** What the context says beyond the address; a flag wins over it. */
  readonly region?: string;
  readonly timeoutMs?: number;
}

export function checkEndpoint(text: string): string {
  const endpoint = text.trim();
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(endpoint);
  const port = match === null ? 0 : Number(match[1]);
  if (port < 1 || port > 65_535) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is not an endpoint: want host:port or [ipv6]:port`);
  return endpoint;
}
