// Starting a daemon as a process: either it serves afterwards, or there is no process and its own error is known.

import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { daemonOutputFile, startDaemon, type DaemonLaunch } from "../../src/cli/daemon-process.ts";
import { awaitEnd, endProcess, identifyProcess, isRunning } from "../../src/cli/process-identity.ts";

const program = [process.execPath, join(import.meta.dirname, "stand-in-daemon.ts")];

function place(behaviour?: string) {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), "raftctl-start-")));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  if (behaviour !== undefined) writeFileSync(join(dataDir, "behaviour"), behaviour);
  const launch: DaemonLaunch = { dataDir, configFile: undefined, env: { PATH: process.env["PATH"], RAFTCTL_NAME: "n1" }, lifeline: false, program };
  const called = () => JSON.parse(readFileSync(join(dataDir, "called"), "utf8")) as { words: string[]; pid: number; env: string[] };
  return { dataDir, launch, called };
}

test("a daemon that serves is reported with its pid, socket and addresses, and stays", async () => {
  const { dataDir, launch, called } = place();
  const daemon = await startDaemon({ ...launch, configFile: "/c.json", flags: ["--socket", "/s"] });
  onTestFinished(() => endProcess(daemon.process, 1_000));
  expect(daemon).toMatchObject({ pid: called().pid, socket: "/s", peer: "127.0.0.1:1", client: "127.0.0.1:2" });
  expect(called().words).toEqual(["--data-dir", dataDir, "--config", "/c.json", "--socket", "/s", "--ready-fd", "3"]);
  expect(called().env).toEqual(["RAFTCTL_NAME"]);
  expect(isRunning(daemon.process)).toBe(true);
  expect(statSync(daemonOutputFile(dataDir)).mode & 0o777).toBe(0o600);
});

test("the error that the daemon ends with is thrown with its own code, exit code and hint", async () => {
  const { launch, called } = place("fail");
  await expect(startDaemon(launch)).rejects.toMatchObject({ code: "LOCKED", exit: 6, message: "somebody else is here", hint: "look" });
  expect(isRunning(identifyProcess(called().pid))).toBe(false);
});

test("a daemon that ends without a word is an error with its exit code and the last line of its log", async () => {
  const { dataDir, launch } = place("crash");
  await expect(startDaemon(launch)).rejects.toMatchObject({
    code: "INTERNAL",
    message: "the daemon ended before it served (exit code 3): out of luck",
    hint: `see ${daemonOutputFile(dataDir)}`,
  });
});

test.each(["mute", "stubborn"])("a %s daemon that does not serve in time is ended", async (behaviour) => {
  const { launch, called } = place(behaviour);
  await expect(startDaemon({ ...launch, readyTimeoutMs: 1_000 })).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(isRunning(identifyProcess(called().pid))).toBe(false);
});

test("a program that cannot be run is an error", async () => {
  const { launch } = place();
  await expect(startDaemon({ ...launch, program: ["/nowhere/raftctl"] })).rejects.toMatchObject({ code: "IO_ERROR", message: expect.stringContaining("ENOENT") });
});

test("a pid that is used again is another process, and an ended one is not running", async () => {
  const own = identifyProcess(process.pid);
  expect(isRunning(own)).toBe(true);
  expect(isRunning({ pid: process.pid, startTime: "1" })).toBe(false);
  const daemon = await startDaemon(place().launch);
  expect(await awaitEnd(daemon.process, 0)).toBe(false);
  await endProcess(daemon.process, 1_000);
  expect(await awaitEnd(daemon.process, 0)).toBe(true);
});
