// What the daemon commands return and print: the daemon's own report, or that there is none.

import type { DaemonStatus } from "../wire/admin-protocol.ts";
import { roughDuration } from "./measure.ts";
import { visible } from "./terminal.ts";

export type DaemonDocument = DaemonStatus | StoppedDaemonDocument;

export interface StoppedDaemonDocument {
  pid: null;
  state: "stopped";
  socket: string;
  dataDir: string;
}

export function stoppedDocument(config: { readonly adminSocket: string; readonly dataDir: string }): StoppedDaemonDocument {
  return { pid: null, state: "stopped", socket: config.adminSocket, dataDir: config.dataDir };
}

export function daemonText(status: DaemonStatus): string {
  const lines = [
    ["state", `${status.state} (pid ${status.pid}, up ${roughDuration(status.uptimeMs)})`],
    ["client", status.listeners.client],
    ...(status.listeners.http === undefined ? [] : [["http", status.listeners.http]]),
    ["peer", status.listeners.peer],
    ["socket", status.socket],
    ["data", status.dataDir],
    ["config", status.configHash],
  ];
  return lines.map(([name, value]) => `${name!.padEnd(7)} ${visible(value!)}`).join("\n");
}
