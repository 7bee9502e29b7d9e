// etcd under the same load, for comparison: three members on loopback with its defaults (but for its quota, and without its log), and a gRPC client over
// node:http2 that encodes its two messages by hand. What this client costs is measured and printed with the rest.

import { execa } from "execa";
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "../e2e/support/ports.ts";
import { until } from "../e2e/support/until.ts";
import { bytesField, call, trueField } from "./grpc.ts";
import { cpuSecondsOf, diskBytesOf, residentBytesOf } from "./process-facts.ts";
import type { BenchNode, Connections, Target } from "./target.ts";

interface Member {
  readonly name: string;
  readonly peer: string;
  readonly client: string;
}

interface EtcdNode extends BenchNode {
  readonly url: string;
}

/** @param wanted "auto": the one on the PATH, if there is one; "none"; or a file. @throws when that file cannot be run */
export function findEtcd(wanted: string): string | undefined {
  if (wanted === "none") return undefined;
  const candidates = wanted === "auto" ? (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "etcd")) : [wanted];
  const found = candidates.find(isExecutable);
  if (found === undefined && wanted !== "auto") throw new Error(`--etcd ${wanted}: there is no program that can be run`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function startEtcd(program: string): Promise<Target> {
  const version = /etcd Version: (\S+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1] ?? "unknown";
  const home = await mkdtemp(join(tmpdir(), "bench-etcd-"));
  const members: Member[] = [];
  for (const name of ["e1", "e2", "e3"]) members.push({ name, peer: `http://127.0.0.1:${await freePort()}`, client: `http://127.0.0.1:${await freePort()}` });
  const nodes = members.map((member) => nodeOf(program, member, members, home));
  const leader = (): Promise<EtcdNode> => until("leader of etcd", () => findLeader(nodes));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill9()));
    await rm(home, { recursive: true, force: true });
  };
  try {
    for (const node of nodes) await node.start();
    await leader();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: "etcd", version, nodes, leader, stop,
    connect: async (count, to) => connectionsOf(Array.from({ length: count }, (_, number) => connect((to[number % to.length] as EtcdNode).url))),
    backUp: async (file) => {
      await execa("etcdctl", ["--endpoints", (await leader()).url, "snapshot", "save", file], { env: { ETCDCTL_API: "3" } });
    },
  };
}

function nodeOf(program: string, member: Member, members: readonly Member[], home: string): EtcdNode {
  const dataDir = join(home, member.name);
  let process: ReturnType<typeof spawn> | undefined;
  const pid = (): number => process?.pid ?? -1;
  return {
    name: member.name, url: member.client,
    cpuSeconds: () => cpuSecondsOf(pid()), residentBytes: () => residentBytesOf(pid()), dataBytes: () => diskBytesOf(dataDir),
    start: async () => void (process = spawn(program, member, members, dataDir)),
    kill9: async () => {
      process?.kill("SIGKILL");
      await process;
      process = undefined;
    },
  };
}

function spawn(program: string, member: Member, members: readonly Member[], dataDir: string) {
  const everybody = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
  return execa(program, [
    "--name", member.name, "--data-dir", dataDir, "--initial-cluster", everybody, "--initial-cluster-state", "new",
    "--listen-peer-urls", member.peer, "--initial-advertise-peer-urls", member.peer,
    "--listen-client-urls", member.client, "--advertise-client-urls", member.client, "--quota-backend-bytes", String(8 * 1024 ** 3), "--log-level", "error",
  ], { reject: false, stdio: "ignore", cleanup: true });
}

async function findLeader(nodes: readonly EtcdNode[]): Promise<EtcdNode | undefined> {
  const answers = await Promise.allSettled(nodes.map(async (node) => {
    const response = await fetch(`${node.url}/v3/maintenance/status`, { method: "POST", body: "{}", signal: AbortSignal.timeout(1000) });
    const status = (await response.json()) as { header: { member_id: string }; leader?: string };
    return status.leader !== undefined && status.leader === status.header.member_id ? node : undefined;
  }));
  return answers.flatMap((answer) => (answer.status === "fulfilled" && answer.value !== undefined ? [answer.value] : []))[0];
}

function connectionsOf(sessions: readonly ClientHttp2Session[]): Connections {
  // A session that breaks says so to each of its calls as well.
  for (const session of sessions) session.on("error", () => undefined);
  const at = (lane: number): ClientHttp2Session => sessions[lane % sessions.length]!;
  return {
    put: async (lane, key, value) => {
      await call(at(lane), "/etcdserverpb.KV/Put", Buffer.concat([bytesField(1, key), bytesField(2, value)]));
    },
    get: async (lane, key, consistency) => {
      const answer = await call(at(lane), "/etcdserverpb.KV/Range", Buffer.concat([bytesField(1, key), ...(consistency === "stale" ? [trueField(7)] : [])]));
      if (!answer.includes(Buffer.from(key))) throw new Error(`no value of key ${Buffer.from(key).toString()}`);
    },
    close: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
