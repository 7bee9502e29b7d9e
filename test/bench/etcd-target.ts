// etcd under the same load, for comparison: three members of /usr/bin/etcd on loopback with its defaults (but for
// its quota), and a gRPC client over node:http2 that
// encodes its two messages by hand, over eight connections to the leader. What this client costs is measured and printed with the rest.

import { execa } from "execa";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../e2e/support/ports.ts";
import { until } from "../e2e/support/until.ts";
import { bytesField, call } from "./grpc.ts";
import type { Target } from "./load.ts";
import { keyCount, keyOf, value } from "./workload.ts";

const program = "/usr/bin/etcd";
const connectionsMax = 8;

export const etcdIsInstalled = existsSync(program);

interface Member {
  readonly name: string;
  readonly peer: string;
  readonly client: string;
}

export async function startEtcd(): Promise<Target> {
  const home = await mkdtemp(join(tmpdir(), "bench-etcd-"));
  const members: Member[] = [];
  for (const name of ["e1", "e2", "e3"]) members.push({ name, peer: `http://127.0.0.1:${await freePort()}`, client: `http://127.0.0.1:${await freePort()}` });
  const processes = members.map((member) => startMember(member, members, home));
  const leader = await until("leader of etcd", () => findLeader(members));
  const sessions = Array.from({ length: connectionsMax }, () => connect(leader));
  let next = 0;
  const nextKey = (): Uint8Array => keyOf((next += 7919) % keyCount);
  for (let number = 0; number < keyCount; number += 200) {
    await Promise.all(Array.from({ length: 200 }, (_, offset) => put(sessions[offset % connectionsMax]!, keyOf(number + offset), value)));
  }
  return {
    name: "etcd",
    put: (lane) => put(sessions[lane % connectionsMax]!, nextKey(), value),
    write: (lane, key, content) => put(sessions[lane % connectionsMax]!, key, content),
    backUp: async (file) => {
      await execa("etcdctl", ["--endpoints", leader, "snapshot", "save", file], { env: { ETCDCTL_API: "3" } });
    },
    get: (lane) => get(sessions[lane % connectionsMax]!, nextKey()),
    cpuSeconds: async () => (await Promise.all(processes.map((process) => cpuSecondsOf(process.pid!)))).reduce((sum, seconds) => sum + seconds, 0),
    stop: async () => {
      for (const session of sessions) session.destroy();
      for (const process of processes) process.kill("SIGKILL");
      await Promise.all(processes);
      await rm(home, { recursive: true, force: true });
    },
  };
}

function startMember(member: Member, members: readonly Member[], home: string) {
  const everybody = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
  return execa(program, [
    "--name", member.name, "--data-dir", join(home, member.name), "--initial-cluster", everybody, "--initial-cluster-state", "new",
    "--listen-peer-urls", member.peer, "--initial-advertise-peer-urls", member.peer,
    "--listen-client-urls", member.client, "--advertise-client-urls", member.client, "--quota-backend-bytes", String(8 * 1024 ** 3), "--log-level", "error",
  ], { reject: false, stdio: "ignore", cleanup: true });
}

async function findLeader(members: readonly Member[]): Promise<string | undefined> {
  for (const { client } of members) {
    const response = await fetch(`${client}/v3/maintenance/status`, { method: "POST", body: "{}" });
    const status = (await response.json()) as { header: { member_id: string }; leader?: string };
    if (status.leader !== undefined && status.leader === status.header.member_id) return client;
  }
  return undefined;
}

async function put(session: ClientHttp2Session, key: Uint8Array, content: Uint8Array): Promise<void> {
  await call(session, "/etcdserverpb.KV/Put", Buffer.concat([bytesField(1, key), bytesField(2, content)]));
}

/** Linearizable, as etcd reads by default. */
async function get(session: ClientHttp2Session, key: Uint8Array): Promise<void> {
  const answer = await call(session, "/etcdserverpb.KV/Range", bytesField(1, key));
  if (answer.length < value.length) throw new Error("another answer than the value that was put");
}

async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
