// The bench at work, with numbers so small that they mean nothing: it starts real daemons, measures, compares with its own earlier run, and leaves nothing.

import { execa } from "execa";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../bench/report.ts";
import { cleanEnvironment } from "./support/command-line.ts";

const root = resolve(import.meta.dirname, "../..");

function home(): string {
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function bench(directory: string, program: "bench" | "micro", args: readonly string[]) {
  return execa(process.execPath, [join(root, `test/bench/${program}.ts`), ...args], {
    cwd: directory, env: cleanEnvironment(directory, { TMPDIR: directory }), extendEnv: false, reject: false,
  });
}

/** Besides what Node keeps to start faster. */
const leftIn = (directory: string): string[] => readdirSync(directory).filter((name) => name !== "node-compile-cache");

test("a quick suite of the bench prints its table and writes its report, and nothing is left behind", async () => {
  const directory = home();
  const { exitCode, stdout, stderr } = await bench(directory, "bench", ["--suite", "mixed", "--quick", "--etcd", "none", "--json", "report.json"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^puts and gets, 256 in flight, per second +[\d.,]+ \/s +at least 6 x of etcd$/m);
  const report = JSON.parse(readFileSync(join(directory, "report.json"), "utf8")) as Report;
  expect(report).toMatchObject({ format: "raftctl-bench/v1", rounds: 1, versions: { raftctl: expect.any(String) as string } });
  expect(report.figures.find(({ id }) => id === "mixed.256.rate")!.values.raftctl).toHaveLength(1);
  expect(leftIn(directory)).toEqual(["report.json"]);
});

test("a bench that is interrupted stops its daemons and leaves nothing behind", async () => {
  const directory = home();
  const running = bench(directory, "bench", ["--suite", "mixed", "--seconds", "600", "--etcd", "none"]);
  for await (const line of running.iterable({ from: "stderr" })) if (line.includes("puts and gets")) running.kill("SIGINT");
  const { exitCode, stderr } = await running;
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining("bench: stopped by SIGINT") as string]);
  expect(leftIn(directory)).toEqual([]);
});

test("parts are measured by themselves, and a second run is compared with the first", async () => {
  const directory = home();
  const args = ["--only", "codec", "--rounds", "3", "--milliseconds", "5"];
  const first = await bench(directory, "micro", [...args, "--json", "report.json"]);
  expect(first.exitCode, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^a put command: encode and decode +[\d.,]+ \([\d.,]+\.\.[\d.,]+\) µs$/m);
  const second = await bench(directory, "micro", [...args, "--baseline", "report.json"]);
  const [, worse] = /^(\d+) worse, \d+ better, \d+ within the spread of their rounds, 0 with too few rounds to tell$/m.exec(second.stdout)!;
  expect(second.exitCode).toBe(worse === "0" ? 0 : 1);
  expect(leftIn(directory)).toEqual(["report.json"]);
});
