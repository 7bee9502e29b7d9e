import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";
import type { Envelope, Outcome, RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
const started: FakeDaemon[] = [];
beforeEach(async () => {
  daemon = await new FakeDaemon().start();
  started.push(daemon);
});
afterAll(() => Promise.all(started.map((each) => each.stop())));

function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return raftctl(args, { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint, ...options.env } });
}

function lines({ stdout }: Outcome): Envelope[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Envelope);
}

/** Indexes 101 to 105. */
function changes(): void {
  daemon.happen("put", "app/mode", "blue");
  daemon.happen("put", "other", "x");
  daemon.happen("put", "app/mode", "a\tb");
  daemon.happen("delete", "app/mode");
  daemon.happen("put", "app/size", "3");
}

test("each change is a line with index, kind, key and value, in order, up to the limit (text)", async () => {
  changes();
  const outcome = await run(["watch", "--prefix", "app/", "--from-index", "1", "--limit", "4"]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(outcome.stdout).toBe("101\tput\tapp/mode\tblue\n103\tput\tapp/mode\ta\\x09b\n104\tdelete\tapp/mode\n105\tput\tapp/size\t3\n");
  expect((await run(["watch", "app/mode", "--from-index", "102", "--limit", "1", "--keys-only"])).stdout).toBe("103\tput\tapp/mode\n");
  expect((await run(["watch", "--range", "app..p", "--from-index", "1", "--only", "deletes", "--limit", "1"])).stdout).toBe("104\tdelete\tapp/mode\n");
});

test("with --json each change is an envelope on a line of its own, and the last line says where to go on", async () => {
  changes();
  const outcome = await run(["watch", "app/mode", "--from-index", "103", "--limit", "2", "--json"]);
  expect(outcome.code).toBe(0);
  const [put, deletion, end] = lines(outcome);
  expect(put).toMatchObject({ ok: true, schema: "raftctl.watch/v1", header: { node: "n1", term: "7", leader: "n1" }, warnings: [] });
  expect(put!.result).toEqual({ kind: "put", index: "103", key: "app/mode", keyEncoding: "utf8", value: "a\tb", encoding: "utf8", version: "1", createIndex: "103" });
  expect(deletion!.result).toEqual({ kind: "delete", index: "104", key: "app/mode", keyEncoding: "utf8" });
  expect(end!.result).toEqual({ kind: "end", nextIndex: "105", events: 2 });
});

test("without an index it begins with what comes, says progress when asked to, and Ctrl-C ends it with 0", async () => {
  changes();
  let hasChanged = false;
  let isEnded = false;
  const outcome = await run(["watch", "app/mode", "--progress", "50ms", "--json"], {
    onOutput: (kill, stdout) => {
      if (stdout.includes("progress") && !hasChanged) {
        hasChanged = true;
        daemon.happen("put", "app/mode", "now");
      }
      if (!stdout.includes("\"now\"") || isEnded) return;
      isEnded = true;
      kill("SIGINT");
    },
  });
  expect([outcome.code, outcome.signal]).toEqual([0, null]);
  const results = lines(outcome).map(({ result }) => result);
  expect(results[0]).toEqual({ kind: "progress", nextIndex: "106", events: 0 });
  expect(results.filter(({ kind }) => kind === "put")).toMatchObject([{ index: "106", value: "now" }]);
  expect(results.at(-1)).toEqual({ kind: "end", nextIndex: "107", events: 1 });
});

test("what is not retained any more is COMPACTED, exit 4, and says from which index one can go on", async () => {
  daemon.firstRetained = 90;
  const outcome = await run(["watch", "app/mode", "--from-index", "7"]);
  expect(outcome.code).toBe(4);
  expect(outcome.stderr).toContain("error[COMPACTED]:");
  expect(outcome.stderr).toContain("--from-index 90");
  const json = await run(["watch", "app/mode", "--from-index", "7", "--json"]);
  expect(json.json).toMatchObject({ ok: false, error: { code: "COMPACTED", exit: 4, details: { firstRetained: "90" } } });
});

test("--exec runs the program once for each change, in order, with the change in its environment and the value on its input, without a shell", async () => {
  changes();
  const directory = mkdtempSync(join(tmpdir(), "raftctl-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "told");
  const script = "import { appendFileSync, readFileSync } from 'node:fs'; const e = process.env;"
    + "appendFileSync(process.argv[1], [e.RAFTCTL_WATCH_INDEX, e.RAFTCTL_WATCH_KIND, e.RAFTCTL_WATCH_KEY, e.RAFTCTL_WATCH_KEY_ENCODING, e.RAFTCTL_WATCH_VERSION, readFileSync(0)].join(' ') + '\\n');"
    + "console.log('ran ' + process.argv[2])";
  const outcome = await run(["watch", "--prefix", "app/", "--from-index", "1", "--limit", "3", "--exec", process.execPath, "--", "--input-type=module", "-e", script, file, "$HOME"]);
  expect(outcome).toMatchObject({ code: 0, stdout: "ran $HOME\nran $HOME\nran $HOME\n" });
  expect(readFileSync(file, "utf8")).toBe("101 put app/mode utf8 1 blue\n103 put app/mode utf8 1 a\tb\n104 delete app/mode utf8  \n");
  const json = await run(["watch", "app/size", "--from-index", "1", "--limit", "1", "--json", "--exec", process.execPath, "--", "--input-type=module", "-e", script, file, "x"]);
  expect(lines(json).map(({ result }) => result.kind)).toEqual(["put", "end"]);
  expect(json.stderr).toContain("ran x");
});

test("a program that fails ends the watch at its change, which is not lost: the hint says how to go on with it", async () => {
  changes();
  const outcome = await run(["watch", "--prefix", "app/", "--from-index", "1", "--exec", process.execPath, "--", "-e", "process.exit(process.env.RAFTCTL_WATCH_KIND === 'delete' ? 3 : 0)"]);
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain("exit code 3");
  expect(outcome.stderr).toContain("--from-index 104");
  const missing = await run(["watch", "--prefix", "app/", "--from-index", "1", "--exec", "/nowhere/to/be/found"]);
  expect(missing).toMatchObject({ code: 4 });
  expect(missing.stderr).toContain("/nowhere/to/be/found cannot be run");
});

test("a wrong command line is exit 2 and says what is wanted", async () => {
  for (const [args, message] of [
    [["watch"], "say which keys"], [["watch", "a", "--prefix", "b"], "say which keys"], [["watch", "a", "b"], "unexpected argument: b"],
    [["watch", "a", "--", "ls"], "name it with --exec"], [["watch", "a", "--from-index", "0"], "a watch from index 0"], [["watch", "a", "--limit", "x"], "not a whole number"],
  ] as const) {
    const outcome = await run(args);
    expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});

test("where no daemon answers it is exit 3 at once", async () => {
  expect(await run(["watch", "a", "--from-index", "1", "--endpoint", "127.0.0.1:1"])).toMatchObject({ code: 3 });
});
