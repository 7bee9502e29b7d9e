// raftctl under load: three real daemons with fsync, and a client that does no more than it must: commands encoded once per put, each in the session of its
// connection, so that the cluster remembers its answer as it does for any client; no retry.

import { readFileSync } from "node:fs";
import { globalRegion } from "../../src/base/ids.ts";
import { randomSessionId, Session } from "../../src/client/session.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import type { ReadResponse } from "../../src/wire/client-protocol.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { decodeResult } from "../../src/wire/command-result.ts";
import { TestCluster } from "../e2e/support/cluster.ts";
import type { DaemonProcess } from "../e2e/support/daemon-process.ts";
import { diskBytesOf } from "./process-facts.ts";
import type { BenchNode, Connections, Consistency, Target } from "./target.ts";
import { keyOf } from "./workload.ts";

const timeoutMs = 10_000;

interface RaftctlNode extends BenchNode {
  readonly daemon: DaemonProcess;
}

export interface RaftctlTarget extends Target {
  readonly cluster: TestCluster;
}

/** @param nodeFlags of the Node that runs the nodes */
export async function startRaftctl(nodeFlags: readonly string[] = []): Promise<RaftctlTarget> {
  const cluster = await TestCluster.start({ nodes: 3, settings: { log: { level: "warn" } }, nodeFlags });
  const nodes = cluster.nodes.map(nodeOf);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const leader = async (): Promise<RaftctlNode> => {
    const daemon = await cluster.leader();
    return nodes.find((node) => node.daemon === daemon)!;
  };
  return {
    name: "raftctl", version, nodes, leader, cluster,
    connect: async (count, to) => connectionsOf(await Promise.all(Array.from({ length: count }, (_, number) => dial((to[number % to.length] as RaftctlNode).daemon)))),
    backUp: async (file) => {
      const { exit, stdout } = await cluster.raftctl(["snapshot", "--output", file, "--endpoint", (await leader()).daemon.endpoint]);
      if (exit !== 0) throw new Error(stdout);
    },
    stop: () => cluster.stop(),
  };
}

function nodeOf(daemon: DaemonProcess): RaftctlNode {
  return {
    daemon, name: daemon.name,
    cpuSeconds: () => daemon.cpuSeconds(), residentBytes: () => daemon.residentBytes(), dataBytes: () => diskBytesOf(daemon.dataDir),
    kill9: () => daemon.kill9(), start: () => daemon.start(),
  };
}

interface Dialled {
  readonly connection: RequestConnection;
  /** The bench has far fewer commands under way in one than the cluster remembers answers of one. */
  readonly session: Session;
  /** An index that the log has reached. */
  readonly reached: number;
}

const anyKey = keyOf(0);

async function dial({ place }: DaemonProcess): Promise<Dialled> {
  const connection = await RequestConnection.connect({ host: "127.0.0.1", port: place.clientPort }, { clock: new SystemClock(), clientName: "bench", timeoutMs });
  const { index } = await get(connection, anyKey, "stale");
  return { connection, session: new Session(randomSessionId()), reached: index };
}

async function get(connection: RequestConnection, key: Uint8Array, consistency: Consistency): Promise<ReadResponse> {
  const response = await connection.call({ operation: "get", region: globalRegion, key, consistency, minIndex: undefined, maxLagMs: undefined, timeoutMs }, timeoutMs);
  if (response.operation !== "read") throw new Error(`a get was answered as ${response.operation}`);
  return response;
}

function connectionsOf(dialled: readonly Dialled[]): Connections {
  const at = (lane: number): Dialled => dialled[lane % dialled.length]!;
  return {
    put: async (lane, key, value) => {
      const { connection, session, reached } = at(lane);
      const command = encodeCommand({ operation: "put", key, value, wantPrevious: false, session: session.nextStamp(reached) });
      const response = await connection.call({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs, command }, timeoutMs);
      if (response.operation !== "propose" || decodeResult(response.result).status !== "ok") throw new Error("a put was not executed");
    },
    get: async (lane, key, consistency: Consistency) => {
      const { records } = await get(at(lane).connection, key, consistency);
      if (records.length !== 1) throw new Error(`no value of key ${Buffer.from(key).toString()}`);
    },
    close: () => {
      for (const { connection } of dialled) connection.close();
    },
  };
}
