// The verbs that make, run and end this machine's own node, as a shell sees them: real daemons, exit codes, JSON, and what is on the
// disk afterwards.

import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { identifyProcess, isRunning } from "../../src/cli/process-identity.ts";
import { raftctl } from "./support/command-line.ts";

interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly peerAddress: string;
  readonly clientAddress: string;
}

/** What the tests look into of the results of these verbs. */
interface Result {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly pid: number;
  readonly state: string;
  readonly alreadyRunning: boolean;
  readonly applied: boolean;
  readonly members: readonly Member[];
  readonly listeners: { readonly client: string };
  readonly dataMovedTo: string;
}

/** A place for nodes, removed when the test ends. */
async function machine() {
  const home = await realpath(await mkdtemp(join(tmpdir(), "raftctl-e2e-")));
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));
  return { place: (name: string) => placeIn(home, name) };
}

/** A node's directory; its daemon is stopped when the test ends. */
function placeIn(home: string, name: string) {
  const dataDir = join(home, name);
  const listen = ["--listen-peer", "127.0.0.1:0", "--listen-client", "127.0.0.1:0"];
  const run = async (...words: string[]) => {
    const { exit, json, stdout, stderr } = await raftctl(home, [...words, "--data-dir", dataDir, "--json"]);
    return { exit, error: json?.error, warnings: stdout, result: json?.result as unknown as Result, output: stdout + stderr };
  };
  onTestFinished(async () => void (await run("daemon", "stop", "--no-transfer", "--drain", "0ms")));
  return { dataDir, listen, run, init: (...words: string[]) => run("init", "--name", name, ...listen, ...words) };
}

const pidRuns = (pid: number): boolean => isRunning(identifyProcess(pid));

test("init makes a cluster of one that leads, and refuses the same directory with the cluster's id (S25, K5)", async () => {
  const { place } = await machine();
  const { dataDir, init, run } = place("n1");
  const made = await init();
  expect(made.exit, made.output).toBe(0);
  const { result } = made;
  expect(result).toMatchObject({ applied: true, name: "n1", region: "global", dataDir, socket: join(dataDir, "admin.sock"), fingerprint: null });
  expect(result.members).toEqual([{ id: result.nodeId, name: "n1", role: "voter", peerAddress: expect.stringMatching(/:[1-9]\d*$/), clientAddress: expect.stringMatching(/:[1-9]\d*$/) }]);
  expect(made.warnings).toContain("PEER_PLAINTEXT");
  const status = await run("daemon", "status");
  expect([status.exit, status.result.pid, status.result.listeners.client]).toEqual([0, result.pid, result.members[0]?.clientAddress]);
  const again = await init();
  expect([again.exit, again.error?.code]).toEqual([6, "ALREADY_INITIALIZED"]);
  expect(again.error?.message).toContain(result.clusterId);
});

test("start, status, restart and stop: each is done when it returns, and doing it twice is no failure", async () => {
  const { place } = await machine();
  const { init, run } = place("n2");
  expect((await init("--no-start")).result).toMatchObject({ applied: true, pid: null, members: [] });
  const stopped = await run("daemon", "status");
  expect([stopped.exit, stopped.error?.code, stopped.result.state]).toEqual([3, "UNREACHABLE", "stopped"]);
  const started = await run("daemon", "start");
  expect([started.exit, started.result.alreadyRunning], started.output).toEqual([0, false]);
  const again = await run("daemon", "start");
  expect([again.exit, again.result.alreadyRunning, again.result.pid]).toEqual([0, true, started.result.pid]);
  const restarted = await run("daemon", "restart");
  expect(restarted.result.pid).not.toBe(started.result.pid);
  expect(pidRuns(started.result.pid)).toBe(false);
  const end = await run("daemon", "stop");
  expect([end.exit, end.result.pid]).toEqual([0, restarted.result.pid]);
  expect(pidRuns(restarted.result.pid)).toBe(false);
  expect((await run("daemon", "stop")).result).toMatchObject({ pid: null, state: "stopped" });
});

test("a directory that holds no node cannot be started: 4, and it says what to run", async () => {
  const { place } = await machine();
  const started = await place("nobody").run("daemon", "start");
  expect([started.exit, started.error?.code, started.error?.hint]).toEqual([4, "NOT_INITIALIZED", expect.stringContaining("raftctl init")]);
});

test("a dry run of init and a refused init make nothing", async () => {
  const { place } = await machine();
  const { dataDir, init, run } = place("n3");
  expect((await init("--dry-run")).result).toMatchObject({ applied: false, clusterId: null, name: "n3" });
  const exposed = await run("init", "--name", "n3", "--listen-peer", "10.1.2.3:7401");
  expect([exposed.exit, exposed.error?.code]).toEqual([9, "INSECURE"]);
  expect(existsSync(dataDir)).toBe(false);
});

test("an init whose daemon cannot serve leaves nothing of itself, shows the daemon's error, and can be repeated", async () => {
  const { place } = await machine();
  const first = place("n4");
  const taken = (await first.init()).result.members[0]!.clientAddress;
  const { dataDir, init, run } = place("n5");
  const failed = await run("init", "--name", "n5", "--listen-peer", "127.0.0.1:0", "--listen-client", taken);
  expect([failed.exit, failed.error?.code]).toEqual([3, "ADDRESS_IN_USE"]);
  expect(failed.error?.message).toContain(taken);
  expect(existsSync(dataDir)).toBe(false);
  expect((await init()).exit).toBe(0);
});

test("a node joins as a voter, and leaves: removed, stopped, its data moved aside; the last voter may not (K5)", async () => {
  const { place } = await machine();
  const [first, second] = [place("a"), place("b")];
  const { members, clusterId } = (await first.init()).result;
  const peer = members[0]!.peerAddress;
  const dry = await second.run("join", peer, "--name", "b", ...second.listen, "--dry-run");
  expect([dry.exit, dry.result.clusterId, dry.result.applied]).toEqual([0, clusterId, false]);
  const joined = await second.run("join", peer, "--name", "b", ...second.listen);
  expect(joined.exit, joined.output).toBe(0);
  expect(joined.result).toMatchObject({ applied: true, clusterId, name: "b", role: "voter", joinedAtIndex: expect.stringMatching(/^\d+$/) });
  expect(joined.result.members.map((member) => member.name).toSorted()).toEqual(["a", "b"]);

  const unasked = await second.run("leave");
  expect([unasked.exit, unasked.error?.code], unasked.output).toEqual([9, "UNSAFE"]);
  const planned = await second.run("leave", "--dry-run");
  expect(planned.result).toMatchObject({ removed: "b", applied: false, before: { voters: 2, tolerance: 0 }, after: { voters: 1, tolerance: 0 } });
  const left = await second.run("leave", "--yes");
  expect(left.exit, left.output).toBe(0);
  expect(left.result).toMatchObject({ removed: "b", applied: true, dataMovedTo: expect.stringContaining(`${second.dataDir}.left-`) });
  expect(existsSync(second.dataDir)).toBe(false);
  expect(readdirSync(left.result.dataMovedTo)).toContain("identity");
  expect(pidRuns(joined.result.pid)).toBe(false);

  const last = await first.run("leave", "--yes");
  expect([last.exit, last.error?.code]).toEqual([9, "UNSAFE"]);
  expect((await first.run("daemon", "status")).exit).toBe(0);
});

test("a join that nobody answers is 3 and makes nothing; a duplicate name is 6 and leaves nothing", async () => {
  const { place } = await machine();
  const [first, second] = [place("c"), place("d")];
  const unanswered = await second.run("join", "127.0.0.1:1", "--name", "d", ...second.listen, "--timeout", "1s");
  expect([unanswered.exit, unanswered.error?.code]).toEqual([3, "UNREACHABLE"]);
  expect(existsSync(second.dataDir)).toBe(false);
  const { members } = (await first.init()).result;
  const duplicate = await second.run("join", members[0]!.peerAddress, "--name", "c", ...second.listen);
  expect(duplicate.exit, duplicate.output).toBe(6);
  expect(existsSync(second.dataDir)).toBe(false);
});
