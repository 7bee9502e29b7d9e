// The daemon of a data directory on this machine, reached through its admin socket: is it running, make it run, make it stop, wait until it leads.
// "Not running" is an answer here, not an error.

import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { Client } from "../client/client.ts";
import type { AdminMethods, DaemonStatus, NodeStatus } from "../wire/admin-protocol.ts";
import { setTimeout as delay } from "node:timers/promises";
import { awaitEnd, identifyProcess } from "./process-identity.ts";

export interface LocalDaemon {
  readonly socket: string;
  /** Of each question, ms. */
  readonly timeoutMs?: number;
}

const pollMs = 25;

/** undefined when no daemon answers there. */
export async function daemonStatus(daemon: LocalDaemon): Promise<DaemonStatus | undefined> {
  return withClient(daemon, async (client) => {
    try {
      return await client.admin.call("daemonStatus", {});
    } catch (thrown) {
      if (toRaftctlError(thrown).code === "UNREACHABLE") return undefined;
      throw thrown;
    }
  });
}

export type StopOptions = AdminMethods["daemonStop"]["params"];

/**
 * Resolves with the pid when the process is gone; undefined when none was running.
 * @throws TIMEOUT when it is still there.
 */
export async function stopDaemon(daemon: LocalDaemon, options: StopOptions, waitMs: number): Promise<number | undefined> {
  const status = await daemonStatus(daemon);
  if (status === undefined) return undefined;
  const identity = identifyProcess(status.pid);
  await withClient(daemon, (client) => client.admin.call("daemonStop", options)).catch(goneIsStopped);
  if (await awaitEnd(identity, waitMs)) return status.pid;
  throw new RaftctlError("TIMEOUT", `the daemon (pid ${status.pid}) is still running after ${waitMs} ms`, { hint: "wait longer with --timeout, or kill it" });
}

/**
 * Waits until a founding node leads and the cluster knows its real addresses (a port 0 became one that was free), so that others can join it.
 * @throws NO_LEADER after the time.
 */
export async function awaitFounded(daemon: LocalDaemon, waitMs: number, signal?: AbortSignal): Promise<NodeStatus> {
  const end = performance.now() + waitMs;
  return withClient(daemon, async (client) => {
    for (;;) {
      const status = await client.admin.call("status", {});
      if (isFounded(status)) return status;
      if (performance.now() >= end) throw new RaftctlError("NO_LEADER", `${status.name} does not lead after ${waitMs} ms`, { hint: "raftctl status" });
      await delay(pollMs, undefined, signal === undefined ? {} : { signal });
    }
  });
}

function isFounded({ nodeId, peerAddress, clientAddress, regions }: NodeStatus): boolean {
  return regions.length > 0 && regions.every((region) => {
    const self = region.members.find((member) => member.id === nodeId);
    return region.leader?.id === nodeId && self?.peerAddress === peerAddress && self.clientAddress === clientAddress;
  });
}

export async function withClient<T>(daemon: LocalDaemon, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ socket: daemon.socket, ...(daemon.timeoutMs === undefined ? {} : { timeoutMs: daemon.timeoutMs }) });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** A daemon that ends may take the connection with it before its answer is out. */
function goneIsStopped(thrown: unknown): undefined {
  const { code } = toRaftctlError(thrown);
  if (code === "CONNECTION_LOST" || code === "UNREACHABLE" || code === "STOPPED") return undefined;
  throw thrown;
}
