// The small parts that init, join and leave are made of: undoing, names, flags, progress and asking.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { confirm } from "../../src/cli/confirmation.ts";
import { rememberDirectory } from "../../src/cli/fresh-directory.ts";
import { awaitJoined, type JoinProgress } from "../../src/cli/join-progress.ts";
import { joinRequest } from "../../src/cli/joining.ts";
import { defaultNodeName, forwardedFlags, identitySettings } from "../../src/cli/node-flags.ts";
import { ProgressLine } from "../../src/cli/progress-line.ts";
import type { Client } from "../../src/client/client.ts";
import { loadConfig } from "../../src/config/load.ts";

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "raftctl-making-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("undoing removes a directory that was made, and of one that was there only what was added", async () => {
  const folder = temporary();
  const made = await rememberDirectory(join(folder, "made"));
  mkdirSync(join(folder, "made", "wal"), { recursive: true });
  await made.undo();
  expect(existsSync(join(folder, "made"))).toBe(false);
  mkdirSync(join(folder, "there"));
  writeFileSync(join(folder, "there", "precious"), "");
  const there = await rememberDirectory(join(folder, "there"));
  mkdirSync(join(folder, "there", "wal"));
  await there.undo();
  expect(readdirSync(join(folder, "there"))).toEqual(["precious"]);
});

test("a node is named after its machine, as far as that may be a name", () => {
  expect(defaultNodeName("db-1.example.com")).toBe("db-1");
  expect(defaultNodeName("-odd_näme-")).toBe("odd_n-me");
  for (const host of ["", "10", "..", "__"]) expect(defaultNodeName(host)).toBe("n1");
});

test("what init records is what its flags said, and the first start is given the same flags", async () => {
  const flags = { "listen-peer": "127.0.0.1:1", "advertise-client": "a:2", "master-eligible": false, socket: "/s" };
  expect(forwardedFlags(flags)).toEqual(["--socket", "/s", "--listen-peer", "127.0.0.1:1", "--advertise-client", "a:2", "--no-master-eligible"]);
  const { config } = await loadConfig({ flags: { "listen.peer": "127.0.0.1:1", "advertise.client": "a:2", masterEligible: false }, env: { HOME: "/" }, cwd: temporary() });
  expect(identitySettings(config)).toEqual({ listenPeer: "127.0.0.1:1", listenClient: "127.0.0.1:7400", advertiseClient: "a:2", masterEligible: false, insecure: false });
});

const joinFlags = { role: "voter", promote: "auto", wait: undefined, retry: false, "retry-for": 1, "dry-run": false, timeout: undefined } as const;

test("join waits by default as far as the node comes by itself", () => {
  expect(joinRequest(joinFlags, ["a:1"]).until).toBe("voter");
  expect(joinRequest({ ...joinFlags, promote: "manual" }, ["a:1"]).until).toBe("caught-up");
  expect(joinRequest({ ...joinFlags, role: "learner" }, ["a:1"]).until).toBe("caught-up");
  expect(joinRequest({ ...joinFlags, wait: "none" }, ["a:1"]).until).toBeUndefined();
});

test("a wait that can never be met and an address that is none are refused before anything is made", () => {
  expect(() => joinRequest({ ...joinFlags, role: "learner", wait: "voter" }, ["a:1"])).toThrow("--wait voter is never met with --role learner");
  for (const seed of ["a", "a:0", "http://a:1"]) expect(() => joinRequest(joinFlags, ["a:1", seed])).toThrow(`${JSON.stringify(seed)} is not a peer address`);
});

/** Answers joinProgress with one document after the other, the last one for ever. */
function newcomer(...answers: Partial<JoinProgress>[]): Client {
  const base: JoinProgress = { stage: "asking", joinedAtIndex: null, entries: 0, bytes: 0, ms: 0, lag: null, catchUp: null, targetIndex: null, error: null };
  const call = async () => ({ ...base, ...(answers.length > 1 ? answers.shift() : answers[0]) });
  return { admin: { call } } as unknown as Client;
}

test("joining is followed until it is far enough, and further counts as well", async () => {
  const seen: string[] = [];
  const client = newcomer({ stage: "asking" }, { stage: "added", entries: 5 }, { stage: "voter", entries: 9 });
  const end = await awaitJoined(client, { until: "caught-up", stallMs: 5_000, onProgress: (progress) => seen.push(progress.stage) });
  expect(end).toMatchObject({ stage: "voter", entries: 9 });
  expect(seen).toEqual(["asking", "added", "voter"]);
});

test("a joining that failed throws the daemon's error; one that stands still is unmet, exit 11", async () => {
  const wait = { until: "voter", stallMs: 100, onProgress: () => undefined } as const;
  const failed = newcomer({ stage: "failed", error: { code: "ALREADY_MEMBER", message: "n2 is taken", hint: "another --name" } });
  await expect(awaitJoined(failed, wait)).rejects.toMatchObject({ code: "ALREADY_MEMBER", exit: 6, message: "n2 is taken", hint: "another --name" });
  await expect(awaitJoined(newcomer({ stage: "added" }), wait)).rejects.toMatchObject({ code: "UNHEALTHY", exit: 11 });
});

test("without a terminal to ask on, what would ask is refused with exit 9, unless it is told yes", async () => {
  await expect(confirm("n1 leaves", false)).rejects.toMatchObject({ code: "UNSAFE", exit: 9, message: expect.stringContaining("--yes") });
  await expect(confirm("n1 leaves", true)).resolves.toBeUndefined();
});

test("progress is one line drawn anew on a terminal, one line a stage elsewhere, and nothing when quiet", () => {
  const record = (isTTY: boolean, quiet = false): string => {
    let text = "";
    const stream = { isTTY, columns: 80, write: (piece: string) => (text += piece) } as unknown as NodeJS.WriteStream;
    const line = new ProgressLine(quiet, stream);
    line.show("added", "1");
    line.show("added", "2");
    line.show("voter");
    line.end();
    return text;
  };
  expect(record(true)).toBe("\r\u001b[Kadded 1\r\u001b[Kadded 2\r\u001b[Kvoter\n");
  expect(record(false)).toBe("added 1\nvoter\n");
  expect(record(true, true)).toBe("");
});
