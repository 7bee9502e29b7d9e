// What every command owes the shell: exit codes, streams, JSON in all weathers, help, suggestions, signals, colour.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { emptySocketPath, FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";

const root = resolve(import.meta.dirname, "../..");

test("a daemon that cannot be reached is exit 3 and names the address, who chose it, and what helps", async () => {
  const socket = emptySocketPath();
  const [flag, env] = await Promise.all([raftctl(["get", "k", "--socket", socket]), raftctl(["get", "k"], { env: { RAFTCTL_SOCKET: socket } })]);
  for (const outcome of [flag, env]) {
    expect(outcome).toMatchObject({ code: 3, stdout: "" });
    expect(outcome.stderr).toContain(socket);
    expect(outcome.stderr).toContain("raftctl daemon start");
  }
  expect(flag.stderr).toContain("flag --socket");
  expect(env.stderr).toContain("env RAFTCTL_SOCKET");
});

test("flag wins over environment, environment over context, context over default", async () => {
  const config = temporaryDirectory();
  mkdirSync(join(config, "raftctl"));
  writeFileSync(join(config, "raftctl/contexts.json"), JSON.stringify({ current: "prod", contexts: { prod: { endpoint: "127.0.0.1:3" }, lab: { endpoint: "127.0.0.1:4" } } }));
  const reached = async (args: string[], env: Record<string, string>): Promise<unknown> => {
    const { json } = await raftctl(["get", "k", "--json", ...args], { env: { XDG_CONFIG_HOME: config, ...env } });
    const { origin, attempts } = json.error!.details as { origin: string; attempts: { address: string }[] };
    return [origin, attempts[0]?.address];
  };
  expect(await reached([], {})).toEqual(["context prod", "127.0.0.1:3"]);
  expect(await reached([], { RAFTCTL_ENDPOINT: "127.0.0.1:2" })).toEqual(["env RAFTCTL_ENDPOINT", "127.0.0.1:2"]);
  expect(await reached(["--context", "lab"], { RAFTCTL_ENDPOINT: "127.0.0.1:2" })).toEqual(["context lab", "127.0.0.1:4"]);
  expect(await reached(["-e", "127.0.0.1:1"], { RAFTCTL_ENDPOINT: "127.0.0.1:2" })).toEqual(["flag --endpoint", "127.0.0.1:1"]);
});

test("without any setting the socket of the default data directory is meant, and the message says so", async () => {
  const { stderr } = await raftctl(["status"]);
  expect(stderr).toMatch(/the default address: .*raftctl\/admin\.sock/);
});

test.each([
  [["put"], "missing argument: KEY"],
  [["put", "k", "v", "--bogus"], "Nonexistent flag: --bogus"],
  [["put", "k", "v", "--timeout", "5"], "--timeout: not a duration"],
  [["put", "k", "v", "--file", "x"], "give the value once"],
  [["get", "k", "--limit", "many"], "--limit: \"many\" is not a whole number"],
  [["get", "k", "--consistency", "mostly"], "--consistency=mostly to be one of: linearizable, lease, leader, stale"],
  [["get", "k", "-e", "nowhere"], "\"nowhere\" is not an endpoint"],
])("%j is a usage error: exit 2, one line and a hint on stderr, or one small document with --json", async (args, message) => {
  const [text, json] = await Promise.all([raftctl(args), raftctl(["--json", ...args])]);
  expect(text).toMatchObject({ code: 2, stdout: "" });
  expect(text.stderr.split("\n")[0]).toContain(message);
  expect(text.stderr.split("\n").length).toBeLessThanOrEqual(3);
  expect(json.code).toBe(2);
  expect(json.stderr).toBe("");
  expect(json.json).toMatchObject({ ok: false, schema: "raftctl.error/v1", error: { exit: 2 } });
  expect(json.stdout.length).toBeLessThan(600);
});

test("a mistyped command runs nothing, asks nothing, and suggests the nearest: exit 2", async () => {
  expect(await raftctl(["putt", "k", "v"])).toMatchObject({ code: 2, stdout: "", stderr: "error[USAGE]: unknown command: putt\nhint: did you mean raftctl put?\n" });
  const json = await raftctl(["member", "lst", "--json"]);
  expect(json).toMatchObject({ code: 2, stderr: "" });
  expect(json.json.error).toMatchObject({ code: "USAGE", details: { suggestions: ["member list"] } });
});

test("help is on stdout with exit 0, says what the command does, and shows examples before flags", async () => {
  const { code, stdout, stderr } = await raftctl(["get", "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.indexOf("EXAMPLES")).toBeGreaterThan(0);
  expect(stdout.indexOf("EXAMPLES")).toBeLessThan(stdout.indexOf("FLAGS"));
  const whole = await raftctl([]);
  expect(whole.code).toBe(0);
  expect(whole.stdout).toContain("EXIT CODES");
  expect((await raftctl(["help", "put"])).stdout).toContain("raftctl put app/mode blue");
});

test("a reader that goes away is no error, and SIGTERM is exit 143 at once", async () => {
  const bin = join(root, "bin/dev.js");
  const piped = spawnSync("bash", ["-o", "pipefail", "-c", `"${process.execPath}" "${bin}" completion bash | head -c 10 > /dev/null`], { encoding: "utf8" });
  expect(piped).toMatchObject({ status: 0, stderr: "" });
  const daemon = await new FakeDaemon().start();
  const { code } = await raftctl(["status", "--watch", "1h", "-e", daemon.endpoint], { onOutput: (kill) => kill("SIGTERM") });
  await daemon.stop();
  expect(code).toBe(143);
});

test("colour is for those who want it: never in a pipe, with FORCE_COLOR, and never against NO_COLOR or --no-color", async () => {
  const escape = "\u001b[";
  const colours = async (args: string[], env: Record<string, string>): Promise<boolean> => (await raftctl(["putt", ...args], { env })).stderr.includes(escape);
  expect(await colours([], {})).toBe(false);
  expect(await colours([], { FORCE_COLOR: "1" })).toBe(true);
  expect(await colours([], { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
  expect(await colours(["--no-color"], { FORCE_COLOR: "1" })).toBe(false);
});

test("--quiet leaves the result and the error, without hints", async () => {
  expect((await raftctl(["get", "k", "-e", "127.0.0.1:1", "--quiet"])).stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("the bash completion knows commands, verbs, flags and fixed values", async () => {
  const { stdout } = await raftctl(["completion", "bash"]);
  const complete = (line: string): string[] => {
    const words = line.split(" ");
    const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _raftctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split("\n");
  };
  expect(complete("raftctl pu")).toEqual(["put"]);
  expect(complete("raftctl member ")).toEqual(expect.arrayContaining(["list", "show"]));
  expect(complete("raftctl get --cons")).toEqual(["--consistency"]);
  expect(complete("raftctl get k --consistency ")).toEqual(["linearizable", "lease", "leader", "stale"]);
});

test("the start script refuses an old Node in one line, or hands over to the one beside it", () => {
  const script = readFileSync(join(root, "bin/run.js"), "utf8").replaceAll("process.versions.node", '"20.1.0"');
  const alone = join(temporaryDirectory(), "bin");
  mkdirSync(alone);
  writeFileSync(join(alone, "../package.json"), '{"type":"module"}');
  writeFileSync(join(alone, "run.js"), script);
  const refused = spawnSync(process.execPath, [join(alone, "run.js"), "put"], { encoding: "utf8" });
  expect(refused).toMatchObject({ status: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^raftctl needs Node 22\.22 .*\n$/);
  mkdirSync(join(alone, "../node_modules/.bin"), { recursive: true });
  writeFileSync(join(alone, "../node_modules/.bin/node"), '#!/bin/sh\nshift\necho "$@"\nexit 10\n', { mode: 0o755 });
  expect(spawnSync(process.execPath, [join(alone, "run.js"), "put", "k"], { encoding: "utf8" })).toMatchObject({ status: 10, stdout: "put k\n" });
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
