// What is known of labs outside of their supervisors: records, which lab is meant, what is removed after one, and the command that runs in one.
// Whole labs are in test/e2e/lab.test.ts.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCommand } from "../../../src/cli/lab/child-command.ts";
import { labDocument, labEnvironment } from "../../../src/cli/lab/document.ts";
import { readRecords, writeRecord, type LabRecord } from "../../../src/cli/lab/record.ts";
import { sweepDeadLabs } from "../../../src/cli/lab/remains.ts";
import { selectLab } from "../../../src/cli/lab/selection.ts";
import { LabSupervisor } from "../../../src/cli/lab/supervisor.ts";
import { identifyProcess, isRunning } from "../../../src/cli/process-identity.ts";
import { makeSandbox, type Sandbox } from "../../config/sandbox.ts";

const dead = { pid: process.pid, startTime: "1" };
const alive = identifyProcess(process.pid);

function record(sandbox: Sandbox, change: Partial<LabRecord> = {}): LabRecord {
  const dir = join(sandbox.root, change.lab ?? "lab-a");
  return { lab: "lab-a", dir, ownsDir: true, keep: false, nodeCount: 1, supervisor: alive, state: "up", nodes: [], ...change };
}

test("records are kept in a folder that nobody else can enter", () => {
  const sandbox = makeSandbox();
  writeRecord(record(sandbox), sandbox.env);
  expect(readRecords(sandbox.env)).toEqual([record(sandbox)]);
  expect(statSync(join(sandbox.root, "run", "raftctl")).mode & 0o777).toBe(0o700);
  expect(statSync(join(sandbox.root, "run", "raftctl", "labs", "lab-a.json")).mode & 0o777).toBe(0o600);
});

test("the lab that is meant: the named one, else that of the environment, else the only one", () => {
  const sandbox = makeSandbox();
  const chosen = (name?: string, variable?: string) => selectLab(name, { ...sandbox.env, RAFTCTL_LAB: variable })?.lab;
  expect(chosen()).toBeUndefined();
  writeRecord(record(sandbox), sandbox.env);
  expect(chosen()).toBe("lab-a");
  writeRecord(record(sandbox, { lab: "lab-b" }), sandbox.env);
  expect(chosen("lab-a", "lab-b")).toBe("lab-a");
  expect(chosen(undefined, "lab-b")).toBe("lab-b");
  expect(chosen(undefined, "lab-gone")).toBeUndefined();
  expect(() => chosen()).toThrow("2 labs are running: lab-a, lab-b");
  expect(() => chosen("lab-c")).toThrow('no lab "lab-c" is running');
});

test("after a killed supervisor its daemons are ended and its directory and record removed; a living lab is not touched", async () => {
  const sandbox = makeSandbox();
  const orphan = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void orphan.kill("SIGKILL"));
  const node = { name: "n1", id: "1", dataDir: "", socket: "", client: "", peer: "", process: identifyProcess(orphan.pid!) };
  for (const name of ["lab-a", "lab-b"]) mkdirSync(join(sandbox.root, name, "n1"), { recursive: true });
  writeRecord(record(sandbox, { supervisor: dead, nodes: [node] }), sandbox.env);
  writeRecord(record(sandbox, { lab: "lab-b" }), sandbox.env);
  expect(await sweepDeadLabs(sandbox.env, 0)).toEqual(["lab-a"]);
  expect(isRunning(node.process)).toBe(false);
  expect([existsSync(join(sandbox.root, "lab-a")), existsSync(join(sandbox.root, "lab-b"))]).toEqual([false, true]);
  expect(readRecords(sandbox.env).map(({ lab }) => lab)).toEqual(["lab-b"]);
});

test("in a directory of the user only what the lab put there is removed, and nothing of a kept one", async () => {
  const sandbox = makeSandbox();
  for (const name of ["lab-a", "lab-b"]) {
    mkdirSync(join(sandbox.root, name, "n1"), { recursive: true });
    for (const file of ["precious", "raftctl.config.json"]) writeFileSync(join(sandbox.root, name, file), "");
  }
  writeRecord(record(sandbox, { supervisor: dead, ownsDir: false }), sandbox.env);
  writeRecord(record(sandbox, { supervisor: dead, lab: "lab-b", keep: true }), sandbox.env);
  await sweepDeadLabs(sandbox.env);
  expect(readdirSync(join(sandbox.root, "lab-a"))).toEqual(["precious"]);
  expect(readdirSync(join(sandbox.root, "lab-b"))).toEqual(["n1", "precious", "raftctl.config.json"]);
  expect(readRecords(sandbox.env)).toEqual([]);
});

test("a lab that fails half-way leaves no process, no directory and no record", async () => {
  const sandbox = makeSandbox();
  const program = [process.execPath, join(import.meta.dirname, "..", "stand-in-daemon.ts")];
  const dir = join(sandbox.root, "lab");
  const init = async (dataDir: string) => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, "behaviour"), "fail");
    return { nodeId: "1" };
  };
  const supervisor = new LabSupervisor({ lab: "lab-a", nodes: 1, dir, keep: false, env: sandbox.env, program }, { init, join: init }, () => undefined);
  await expect(supervisor.start(new AbortController().signal)).rejects.toMatchObject({ code: "LOCKED" });
  expect(existsSync(dir)).toBe(false);
  expect(readRecords(sandbox.env)).toEqual([]);
});

test("a directory that holds something is refused before a record or a file is made", async () => {
  const sandbox = makeSandbox();
  const file = sandbox.write("full/precious", "");
  const never = () => Promise.reject(new Error("nothing may be made"));
  const plan = { lab: "lab-a", nodes: 1, dir: join(sandbox.root, "full"), keep: false, env: sandbox.env };
  const supervisor = new LabSupervisor(plan, { init: never, join: never }, () => undefined);
  await expect(supervisor.start(new AbortController().signal)).rejects.toMatchObject({ code: "CONFLICT", exit: 6 });
  expect(readdirSync(join(file, ".."))).toEqual(["precious"]);
  expect(readRecords(sandbox.env)).toEqual([]);
});

test("a command in a lab talks to that lab, whatever the user's shell says", () => {
  const sandbox = makeSandbox();
  const node = { name: "n1", id: "1", dataDir: "/d", socket: "/s", client: "127.0.0.1:1", peer: "127.0.0.1:2", process: alive };
  const lab = record(sandbox, { nodes: [node, { ...node, name: "n2", client: "127.0.0.1:3" }] });
  expect(labEnvironment(lab, { PATH: "/bin", RAFTCTL_SOCKET: "/other", RAFTCTL_CONTEXT: "prod", RAFTCTL_ENDPOINT: "other:1" })).toEqual({
    PATH: "/bin", RAFTCTL_ENDPOINT: "127.0.0.1:1,127.0.0.1:3", RAFTCTL_LAB: "lab-a",
  });
  expect(labDocument(lab)).toMatchObject({ env: "export RAFTCTL_ENDPOINT=127.0.0.1:1,127.0.0.1:3 RAFTCTL_LAB=lab-a", nodes: [{ pid: process.pid, running: true }, {}] });
});

test("a command's exit code is passed on, that of a signal as a shell says it, and a missing program is not found", async () => {
  expect(await runCommand(["sh", "-c", "exit 7"], process.env)).toBe(7);
  expect(await runCommand(["sh", "-c", "kill -9 $$"], process.env)).toBe(137);
  await expect(runCommand(["no-such-program"], process.env)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
