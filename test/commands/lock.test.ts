// `raftctl lock` and `raftctl elect` as processes, against a real cluster in this one: what the command is given, how it ends, and that two of them never run
// at once, whatever becomes of raftctl (docs/locks.md).

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import type { Client } from "../../src/client/client.ts";
import { type Fixture, startCluster } from "../daemon/support/cluster.ts";
import { raftctl, type Envelope, type Outcome } from "./run-raftctl.ts";

const directory = mkdtempSync(join(tmpdir(), "raftctl-lock-"));
const patience = { timeout: 20_000 };
let fixture: Fixture;
let client: Client;
let endpoint: string;
let name: string;
let marks: string;
let count = 0;

beforeAll(async () => {
  fixture = await startCluster(1);
  endpoint = fixture.cluster.nodes[0]!.clientAddress;
  client = fixture.client(fixture.cluster.nodes[0]!);
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  name = `x${++count}`;
  marks = join(directory, name);
});

type Kill = (signal: NodeJS.Signals) => void;

interface Started {
  readonly kill: Kill;
  readonly ended: Promise<Outcome>;
  /** Resolves with its first output. */
  readonly up: Promise<{ readonly kill: Kill; readonly stdout: string; /** So far. */ readonly output: () => string }>;
}

function start(...args: string[]): Started {
  const up = defer<{ kill: Kill; stdout: string; output: () => string }>();
  let latest = "";
  let hold: Kill | undefined;
  const onOutput = (kill: Kill, stdout: string): void => {
    latest = stdout;
    up.resolve({ kill, stdout, output: () => latest });
  };
  const ended = raftctl(args, { env: { RAFTCTL_ENDPOINT: endpoint, MARKS: marks }, onOutput, onStart: (kill) => (hold = kill) });
  return { ended, up: up.promise, kill: hold! };
}

const run = (...args: string[]): Promise<Outcome> => start(...args).ended;

async function queueLength(prefix = `locks/${name}/`): Promise<number> {
  return (await client.kv.prefix(prefix)).count;
}

/** Says that it is up and with which token, and then marks each moment at which it runs; deaf to what asks it to end. Not for ever, should a test fail. */
const stubborn = 'trap "" TERM HUP; echo "$RAFTCTL_LOCK_TOKEN"; for i in $(seq 3000); do echo "$RAFTCTL_LOCK_TOKEN" >> "$MARKS"; sleep 0.01; done';
const brief = 'echo "$RAFTCTL_LOCK_TOKEN"; for i in 1 2 3 4 5 6 7 8 9 10; do echo "$RAFTCTL_LOCK_TOKEN" >> "$MARKS"; sleep 0.01; done';

/** The tokens in the order in which they ran, each once for each time that it began anew. */
function turnsTaken(): string[] {
  const lines = readFileSync(marks, "utf8").trim().split("\n");
  return lines.filter((line, place) => line !== lines[place - 1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("lock", () => {
  test("runs the command with name, key, token and value in its environment, and ends as it does", async () => {
    const script = 'echo "$RAFTCTL_LOCK_NAME $RAFTCTL_LOCK_KEY $RAFTCTL_LOCK_TOKEN $RAFTCTL_LOCK_VALUE"; exit 7';
    const outcome = await run("lock", name, "--", "sh", "-c", script);
    expect(outcome).toMatchObject({ code: 7, stderr: "" });
    expect(outcome.stdout).toMatch(new RegExp(`^${name} locks/${name}/[0-9a-f]{16} \\d+ \\S+:\\d+\n$`));
    expect((await run("lock", name, "--", "sh", "-c", "kill -KILL $$")).code).toBe(137);
    expect((await run("lock", name, "--", "cat")).code).toBe(0);
    expect(await queueLength()).toBe(0);
  });

  test("with --json the output of the command is on stderr, and a document says when it is held and how it ended", async () => {
    const outcome = await run("lock", name, "--json", "--", "sh", "-c", "echo out; exit 3");
    const [held, released] = outcome.stdout.trim().split("\n").map((line) => JSON.parse(line) as Envelope);
    expect([outcome.code, outcome.stderr]).toEqual([3, "out\n"]);
    expect(held).toMatchObject({ ok: true, schema: "raftctl.lock/v1", result: { state: "held", name, key: expect.stringMatching(`^locks/${name}/`) as string } });
    expect(released).toMatchObject({ ok: true, result: { ...held!.result, state: "released", exitCode: 3 } });
  });

  test("without a command prints key and token and holds it until it is interrupted; meanwhile a wait that is over is exit 6", async () => {
    const holder = start("lock", name);
    const { kill, stdout } = await holder.up;
    const [key, token] = stdout.trim().split("\t");
    expect((await client.kv.get(key!)).record?.createIndex).toBe(Number(token));
    for (const wait of ["0s", "100ms"]) expect((await run("lock", name, "--wait", wait, "--json", "--", "true")).json.error).toMatchObject({ code: "LOCKED", exit: 6, details: { key, token } });
    const waiting = start("lock", name, "--", "echo", "ran");
    await expect.poll(() => queueLength(), patience).toBe(2);
    kill("SIGINT");
    expect(await holder.ended).toMatchObject({ code: 0, stderr: "" });
    expect(await waiting.ended).toMatchObject({ code: 0, stdout: "ran\n" });
    expect(await queueLength()).toBe(0);
  });

  test("interrupted while it waits it ends as a shell expects, has run nothing and leaves the queue as it was", async () => {
    const holder = start("lock", name);
    const { kill } = await holder.up;
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const waiting = start("lock", name, "--", "sh", "-c", "echo ran");
      await expect.poll(() => queueLength(), patience).toBe(2);
      waiting.kill(signal);
      expect(await waiting.ended).toMatchObject({ code, stdout: "", stderr: "" });
      expect(await queueLength()).toBe(1);
    }
    kill("SIGTERM");
    expect((await holder.ended).code).toBe(0);
  });

  test("refuses what makes no sense, and a command that is not there leaves no lock", async () => {
    for (const words of [["--ttl", "900ms", "--", "true"], ["true"], ["--wait", "soon", "--", "true"]]) expect((await run("lock", name, ...words)).code).toBe(2);
    expect((await run("lock", "--", "true")).code).toBe(2);
    expect(await run("lock", name, "--", join(directory, "nothing"))).toMatchObject({ code: 4, stderr: expect.stringContaining("cannot be run") as string });
    expect(await queueLength()).toBe(0);
  });

  test("hands signals on to the command, and what the command has left in its process group ends with it", async () => {
    const trapped = start("lock", name, "--", "sh", "-c", 'trap "exit 9" TERM; echo up; for i in $(seq 3000); do sleep 0.01; done');
    (await trapped.up).kill("SIGTERM");
    expect((await trapped.ended).code).toBe(9);
    const leaving = await run("lock", name, "--", "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!");
    expect(leaving.code).toBe(0);
    await expect.poll(() => isAlive(Number(leaving.stdout)), patience).toBe(false);
  });
});

describe("two commands never run at once", () => {
  test("when raftctl is killed: its guard has ended the command before the next one begins (H24)", async () => {
    const first = start("lock", name, "--ttl", "1500ms", "--", "sh", "-c", stubborn);
    const { kill, stdout } = await first.up;
    const next = start("lock", name, "--", "sh", "-c", brief);
    await expect.poll(() => queueLength(), patience).toBe(2);
    kill("SIGKILL");
    const [killed, took] = await Promise.all([first.ended, next.ended]);
    expect([killed.signal, took.code]).toEqual(["SIGKILL", 0]);
    expect(turnsTaken()).toEqual([stdout.trim(), took.stdout.trim()]);
    expect(Number(took.stdout)).toBeGreaterThan(Number(stdout));
  });

  test("when raftctl is stopped for longer than the ttl: it wakes to exit 4, and its token is refused (H24)", async () => {
    const first = start("lock", name, "--ttl", "1500ms", "--json", "--", "sh", "-c", stubborn);
    const { kill, stdout } = await first.up;
    const { key, token } = (JSON.parse(stdout) as Envelope).result as { key: string; token: string };
    const next = start("lock", name, "--", "sh", "-c", brief);
    await expect.poll(() => queueLength(), patience).toBe(2);
    kill("SIGSTOP");
    const took = await next.ended;
    kill("SIGCONT");
    const woken = await first.ended;
    expect([took.code, woken.code]).toEqual([0, 4]);
    expect(JSON.parse(woken.stdout.trim().split("\n").at(-1)!)).toMatchObject({ ok: false, error: { code: "LEASE_NOT_FOUND", details: { key, token } } });
    expect(turnsTaken()).toEqual([token, took.stdout.trim()]);
    const late = await client.kv.txn({ compare: [{ key, createIndex: Number(token) }], then: [{ op: "put", key: "resource", value: "late" }] });
    expect(late.succeeded).toBe(false);
  });

  const endings: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    "the lease is revoked": (key) => client.leases.revoke(BigInt(`0x${key.slice(-16)}`)),
    "the key is deleted": (key) => client.kv.delete(key),
  };
  test.each(Object.keys(endings))("when %s by somebody, the command is killed as soon as that is known, long before the next keep-alive", async (ending) => {
    const first = start("lock", name, "--ttl", "10m", "--", "sh", "-c", stubborn);
    await first.up;
    const { records } = await client.kv.prefix(`locks/${name}/`);
    await endings[ending]!(Buffer.from(records[0]!.key).toString());
    expect(await first.ended).toMatchObject({ code: 4, stderr: expect.stringContaining("error[LEASE_NOT_FOUND]") as string });
  });

  test("when the guard is killed, the command is killed by raftctl", async () => {
    // One that outlives the first ttl has been announced to raftctl: its guard has heard of a keep-alive after that.
    const first = start("lock", name, "--ttl", "1s", "--", "sh", "-c", 'trap "" TERM; sleep 1.5; echo "$PPID $$"; for i in $(seq 3000); do sleep 0.01; done');
    const [guard, command] = (await first.up).stdout.trim().split(" ").map(Number);
    process.kill(guard!, "SIGKILL");
    expect(await first.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("the guard of") as string });
    await expect.poll(() => isAlive(command!), patience).toBe(false);
    expect(await queueLength()).toBe(0);
  });

  test("what is kept alive goes on for many times its ttl", async () => {
    const outcome = await run("lock", name, "--ttl", "1s", "--", "sh", "-c", "sleep 3.5; echo done");
    expect(outcome).toMatchObject({ code: 0, stdout: "done\n" });
  });
});

describe("elect", () => {
  test("runs the command while it leads, and observers are told each leader; without a leader they are told so", async () => {
    const observer = start("elect", name, "--observe", "--json");
    const { kill, output } = await observer.up;
    const script = 'echo "$RAFTCTL_ELECTION_NAME $RAFTCTL_ELECTION_VALUE $RAFTCTL_ELECTION_TOKEN $RAFTCTL_ELECTION_KEY"';
    const first = await run("elect", name, "one", "--", "sh", "-c", script);
    const [, value, token, key] = first.stdout.trim().split(" ");
    expect([first.code, value, key]).toEqual([0, "one", expect.stringMatching(new RegExp(`^elections/${name}/[0-9a-f]{16}$`))]);
    const second = await run("elect", name, "two", "--json", "--", "true");
    expect(JSON.parse(second.stdout.trim().split("\n").at(-1)!)).toMatchObject({ schema: "raftctl.elect/v1", result: { state: "released", value: "two", exitCode: 0 } });
    await expect.poll(() => output().trim().split("\n"), patience).toHaveLength(5);
    kill("SIGTERM");
    const told = (await observer.ended).stdout.trim().split("\n").map((line) => (JSON.parse(line) as Envelope).result as { state: string; value?: string; token?: string });
    expect(told.map(({ state, value: shown }) => shown ?? state)).toEqual(["none", "one", "none", "two", "none", "end"]);
    expect(told[1]).toMatchObject({ token, key });
  });

  test("without a command leads until it is interrupted; a value or --observe must be given", async () => {
    const leader = start("elect", name, "me");
    const { kill, stdout } = await leader.up;
    expect(stdout).toMatch(new RegExp(`^elections/${name}/[0-9a-f]{16}\t\\d+\n$`));
    const observer = start("elect", name, "--observe");
    const watched = await observer.up;
    expect(watched.stdout).toBe(`${stdout.trim().split("\t")[1]}\tme\n`);
    expect((await run("elect", name, "you", "--wait", "0s", "--", "true")).code).toBe(6);
    kill("SIGTERM");
    expect((await leader.ended).code).toBe(0);
    watched.kill("SIGINT");
    expect((await observer.ended).code).toBe(0);
    for (const words of [[], ["--", "true"], ["me", "--observe"], ["--observe", "--", "true"], ["--observe", "--wait", "1s"]]) expect((await run("elect", name, ...words)).code).toBe(2);
  });
});
