// Visits to real nodes in this process whose disk, clock or address is not what it should be, and how the places to look at are found.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../src/base/logger.ts";
import type { CauseId } from "../../../src/cli/doctor/cause.ts";
import { causeFlag, consult, finding, whomToAsk, type Visit } from "../../../src/cli/doctor/consultation.ts";
import { Client } from "../../../src/client/client.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { examineDirectory, initDataDirectory } from "../../../src/daemon/offline.ts";
import { systemParts } from "../../../src/daemon/parts.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import type { NodeFacts } from "../../../src/wire/node-facts.ts";
import { startCluster } from "../../daemon/support/cluster.ts";
import { factsOf, membershipOf, raft } from "./hand-made.ts";
import { strangeDaemon } from "./strange-daemon.ts";

const loopback = "127.0.0.1:0";

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-doctor-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A single node that leads, on a disk of which one method is replaced. */
async function nodeOn(change: (disk: Disk) => Partial<Disk>): Promise<Daemon> {
  const dataDir = scratch();
  await initDataDirectory(dataDir, { name: "n1", settings: { listenPeer: loopback, listenClient: loopback } });
  const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": loopback, "listen.client": loopback, "wal.segmentBytes": "1MiB" };
  const parts = await systemParts(silentLogger);
  const changed = change(parts.disk);
  const disk = new Proxy(parts.disk, {
    get(target, name) {
      const value: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" && !(name in changed) ? (value.bind(target) as unknown) : value;
    },
  });
  const daemon = await Daemon.start(await loadConfig({ flags, env: {}, cwd: dataDir }), { ...parts, disk });
  onTestFinished(() => daemon.stop({ transfer: false, drainMs: 0 }));
  return daemon;
}

const round = { dataDirs: [], home: undefined, timeoutMs: 5_000, examineDirectory, env: {} };
const visit = (socket: string, only?: CauseId): Promise<Visit> => consult({ ...round, target: { socket, origin: "test" } }, only);

test("a disk without room is found on the node that has it, and no write is said to be taken (N1, H44)", async () => {
  const free = { bytes: 2 ** 40 };
  const { socket, clientAddress } = await nodeOn(() => ({ freeBytes: async () => free.bytes }));
  expect((await visit(socket, "disk-full")).diagnosis.verdict).toBe("healthy");
  free.bytes = 1;
  const client = new Client({ endpoints: [clientAddress], timeoutMs: 5_000 });
  onTestFinished(() => client.close());
  // The log looks at the free space now and then as it grows.
  const fill = async (): Promise<void> => { for (let write = 0; write < 10; write += 1) await client.kv.put("k", "x".repeat(64 * 1024)); };
  await expect(fill()).rejects.toMatchObject({ code: "NO_SPACE" });
  const { diagnosis } = await visit(socket);
  expect(diagnosis).toMatchObject({ cause: "disk-full", verdict: "unavailable", leader: "n1" });
  expect(finding(diagnosis)).toMatchObject({ code: "UNHEALTHY", exit: 11 });
});

test("a disk that took longer than half an election timeout for one write is found (N1)", async () => {
  const slow = { ms: 0 };
  const { socket, clientAddress } = await nodeOn((disk) => ({
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      return new Proxy(file, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          if (name !== "writeDurable") return value.bind(target) as unknown;
          return async (...args: unknown[]) => {
            const { ms } = slow;
            slow.ms = 0;
            await new Promise((resolve) => { setTimeout(resolve, ms); });
            await (value.apply(target, args) as Promise<void>);
          };
        },
      });
    },
  }));
  slow.ms = 600;
  const client = new Client({ endpoints: [clientAddress], timeoutMs: 5_000 });
  onTestFinished(() => client.close());
  await client.kv.put("k", "v");
  const { diagnosis } = await visit(socket);
  expect(diagnosis.cause).toBe("disk-slow");
  expect(diagnosis.evidence[0]).toMatch(/n1: fsync p99 \d{3,} ms, election timeout 1000 ms/);
});

test("one socket is enough to find every member, and each is asked once", async () => {
  await using fixture = await startCluster(3);
  const { diagnosis } = await visit(fixture.followers()[0]!.socket);
  expect(diagnosis.nodes.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual(["n1 answers", "n2 answers", "n3 answers"]);
  expect(diagnosis.causes.filter(({ severity }) => severity === "outage")).toEqual([]);
});

test("a node that is reached on two ways is one node, and an address that fails beside one that answers is no fault of it", async () => {
  await using fixture = await startCluster(1);
  const { clientAddress, socket } = fixture.cluster.nodes[0]!;
  const { diagnosis } = await consult({ ...round, dataDirs: [dirname(socket)], target: { endpoints: [clientAddress], origin: "test" } }, undefined);
  expect(diagnosis.nodes.map(({ name, state }) => [name, state])).toEqual([["n1", "answers"]]);
});

test("an election that is under way is waited for, and said when it does not end", async () => {
  const voter = (leads: boolean): NodeFacts => ({ ...raft(factsOf("n1", membershipOf(["n1"])), leads ? {} : { leader: null, role: "candidate" }), electionTimeoutMs: 20 });
  let asked = 0;
  const visitUntil = async (leadsAt: number): Promise<string | null> => {
    asked = 0;
    const endpoint = await strangeDaemon(() => voter(++asked >= leadsAt));
    return (await consult({ ...round, target: { endpoints: [endpoint], origin: "test" } }, undefined)).diagnosis.cause;
  };
  // The hand-made clock is of another year, and there is no other node to compare it with.
  expect([await visitUntil(2), asked]).toEqual([null, 2]);
  expect([await visitUntil(99), asked]).toEqual(["election-under-way", 3]);
});

test("a daemon that is stopped is known by its directory, and through that the others (N1)", async () => {
  await using fixture = await startCluster(3);
  const [stopped] = fixture.followers();
  await stopped!.stop({ transfer: false, drainMs: 0 });
  const { diagnosis } = await visit(stopped!.socket, "node-down");
  expect(diagnosis.causes.map(({ nodes }) => nodes)).toEqual([[diagnosis.nodes.find(({ state }) => state !== "answers")?.name]]);
  expect(diagnosis.nodes).toHaveLength(3);
  expect(diagnosis.actions[0]?.command).toBe(`raftctl daemon start --data-dir ${dirname(stopped!.socket)}`);
});

test("directories alone involve no daemon but their own; of a running one the daemon is asked", async () => {
  await using fixture = await startCluster(1);
  const dataDir = dirname(fixture.cluster.nodes[0]!.socket);
  const asked = await whomToAsk({ socket: undefined, endpoint: undefined, context: undefined }, [dataDir], { RAFTCTL_SOCKET: "/nowhere" });
  expect(asked).toEqual({ target: undefined, home: undefined });
  const { diagnosis } = await consult({ ...round, ...asked, dataDirs: [dataDir] }, undefined);
  expect(diagnosis.nodes).toMatchObject([{ place: dataDir, name: "n1", state: "answers", role: "leader" }]);
});

test("a directory whose daemon is there and silent is read, and the silence is what is wrong (N1)", async () => {
  await using fixture = await startCluster(3);
  const [node] = fixture.followers();
  const { socket } = node!;
  await node!.stop({ transfer: false, drainMs: 0 });
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => { server.listen(socket, resolve); });
  onTestFinished(() => { server.close(); });
  const { diagnosis } = await consult({ ...round, target: undefined, dataDirs: [dirname(socket)], timeoutMs: 300 }, "process-paused");
  expect(diagnosis).toMatchObject({ cause: "process-paused", nodes: [{ state: "stalled", lastIndex: expect.stringMatching(/^\d+$/), error: { code: "UNREACHABLE" } }] });
});

test("an address at which nobody answers is told beside what the others say; when nobody says anything it is the error", async () => {
  await using fixture = await startCluster(1);
  const { clientAddress } = fixture.cluster.nodes[0]!;
  const endpoints = ["127.0.0.1:1", clientAddress];
  const { warnings } = await consult({ ...round, target: { endpoints, origin: "test" } }, undefined);
  expect(warnings).toMatchObject([{ code: "UNREACHABLE", message: expect.stringContaining("127.0.0.1:1") }]);
  await expect(consult({ ...round, target: { endpoints: ["127.0.0.1:1"], origin: "test" } }, undefined)).rejects.toMatchObject({ code: "UNREACHABLE", exit: 3 });
});

test("damage ends with 13, everything else with 11, and a misspelt cause names the nearest one", async () => {
  const dataDir = scratch();
  await initDataDirectory(dataDir, { name: "n1", settings: { listenPeer: loopback, listenClient: loopback } });
  rmSync(join(dataDir, "wal"), { recursive: true });
  const { diagnosis } = await consult({ ...round, target: undefined, dataDirs: [dataDir] }, undefined);
  expect(finding(diagnosis)).toMatchObject({ code: "CORRUPT", exit: 13 });
  expect(() => causeFlag("disk-ful")).toThrow(expect.objectContaining({ exit: 2, hint: "did you mean disk-full?" }));
  expect(causeFlag("disk-full")).toBe("disk-full");
});
