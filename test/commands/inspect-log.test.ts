// The `inspect-log` commands as a shell runs them, on a cluster of one in this process and on its directory.

import { writeFileSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

let fixture: Fixture;
let endpoint: string;
let dataDir: string;
let home: string;
/** Just before and just behind the last write. */
let writtenAt: readonly number[];

beforeAll(async () => {
  fixture = await startCluster(1);
  home = await mkdtemp(join(tmpdir(), "raftctl-inspect-"));
  const client = fixture.client(fixture.leader());
  endpoint = fixture.leader().clientAddress;
  ({ dataDir } = await client.admin.call("daemonStatus", {}));
  for (let key = 0; key < 10; key += 1) await client.kv.put(`app/k${key}`, `secret ${key}`);
  writtenAt = [Date.now(), 0];
  await client.kv.delete("app/k3");
  writtenAt = [writtenAt[0]!, Date.now()];
}, 60_000);

afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

function run(line: string): Promise<Outcome> {
  return raftctl(line.split(" "), { env: { RAFTCTL_ENDPOINT: endpoint } });
}

/** The directory as it is now, with one byte of its log changed. */
async function damagedCopy(): Promise<{ directory: string; segment: string }> {
  const directory = join(home, "damaged");
  await rm(directory, { recursive: true, force: true });
  await cp(dataDir, directory, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  const wal = join(directory, "wal");
  const segment = join(wal, (await readdir(wal)).toSorted()[1]!);
  const bytes = await readFile(segment);
  bytes[bytes.indexOf("secret 7")]! ^= 1;
  await writeFile(segment, bytes);
  return { directory, segment };
}

test("the node at hand, the member by name, and the directory show the same entries (K5)", async () => {
  const [own, member, directory] = await Promise.all([run("inspect-log --json"), run("inspect-log --node n1 --json"), run(`inspect-log --data-dir ${dataDir} --json`)]);
  expect([own.code, member.code, directory.code], own.stdout).toEqual([0, 0, 0]);
  expect(own.json).toMatchObject({ ok: true, schema: "raftctl.inspect-log/v1", header: { node: "n1", region: "global" } });
  const entries = own.json.result.entries as { committed: unknown }[];
  const known = (outcome: Outcome): unknown => outcome.json.result.entries.map(({ committed: _known, ...entry }: { committed: unknown }) => entry);
  expect(known(member)).toEqual(known(own));
  expect(known(directory)).toEqual(known(own));
  expect(entries.slice(-2)).toMatchObject([{ type: "command", committed: true, crcOk: true, command: { op: "put", key: "app/k9", value: { bytes: 8 } } }, { command: { op: "delete", key: "app/k3" } }]);
  expect(own.json.result.header).toMatchObject({ source: "live", hardState: { term: expect.any(String) }, segments: [{ file: "0000000000000000.wal" }, { file: "0000000000000001.wal" }] });
});

test("values are hidden unless they are asked for, in text and in JSON", async () => {
  for (const line of ["inspect-log", "inspect-log --json", `inspect-log --data-dir ${dataDir}`, "inspect-log blame app/k1", "inspect-log blame app/k1 --json", "inspect-log summary"]) expect((await run(line)).stdout, line).not.toContain("secret");
  expect((await run("inspect-log --values --last 3")).stdout).toContain("put app/k9  = secret 9");
  expect((await run("inspect-log blame app/k1 --values --json")).json.result.entries).toMatchObject([{ effect: "written", version: "1", command: { value: { value: "secret 1" } } }]);
});

test("text is one aligned line for each entry below a head", async () => {
  const { stdout } = await run("inspect-log --type command --key app/k3");
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^log of n1 \(running\) {2}region global {2}term \d+ {2}vote \d+$/);
  expect(lines[3]).toMatch(/^INDEX +TERM +TIME +TYPE +COMMITTED +BYTES +WHAT$/);
  expect(lines.slice(4).map((line) => line.split(/ {2,}/).at(-2))).toEqual(["8 bytes, crc " + lines[4]!.split("crc ")[1]!.slice(0, 8), "delete app/k3"]);
});

test("every write has the time at which the leader took it in, in the log, in blame and in history, and what was before it can be left out", async () => {
  const [entries, blamed, told] = await Promise.all([run("inspect-log --json --last 1"), run("inspect-log blame app/k3 --json"), run("history app/k3 --json")]);
  const times = [entries.json.result.entries[0].time, blamed.json.result.entries.at(-1).time, told.json.result.events.at(-1).time] as string[];
  expect(new Set(times).size).toBe(1);
  const time = Date.parse(times[0]!);
  expect([time >= writtenAt[0]!, time <= writtenAt[1]!]).toEqual([true, true]);
  const since = async (text: string): Promise<number> => (await run(`inspect-log --json --type command --since ${text}`)).json.result.entries.length as number;
  expect([await since(times[0]!), await since(new Date(time + 1).toISOString()), await since("1h")]).toEqual([1, 0, 11]);
});

test("what cannot be asked is refused with one line and its exit code", async () => {
  const expectations: [string, number, string][] = [
    ["inspect-log x", 2, "is not a range"], ["inspect-log 9..3", 2, "ends before it begins"], ["inspect-log 999999", 4, "the log of n1 ends at index"], ["inspect-log --type put", 2, "command, config, noop"],
    ["inspect-log --node n7", 4, "no member"], [`inspect-log --data-dir ${join(home, "nowhere")}`, 4, "does not exist"], [`inspect-log --data-dir ${home}`, 4, "holds no node"], ["inspect-log -r eu", 4, "eu"],
    [`inspect-log --data-dir ${dataDir} -r eu`, 4, "eu"], [`inspect-log --data-dir ${dataDir} --follow`, 2, "--follow"], ["inspect-log --last 3 --limit 4", 2, "--limit"], ["inspect-log --since soon", 2, "is no time"], ["inspect-log --since 5m --last 3", 2, "--since"], ["inspect-log blame app/none", 4, "no entry of the log"],
    ["inspect-log blame", 2, "KEY"], ["inspect-log verify", 2, "data-dir"], ["inspect-log repair", 2, "data-dir"], [`inspect-log repair --data-dir ${home}`, 4, "holds no node"], [`inspect-log verify --data-dir ${home}`, 4, "holds no node"], ["inspect-log diff", 2, "one log to compare"], ["inspect-log diff --node n1,n9", 4, "no member"],
  ];
  for (const [line, code, text] of expectations) {
    const outcome = await run(line);
    expect([outcome.code, outcome.stdout], `${line}\n${outcome.stderr}`).toEqual([code, ""]);
    expect(outcome.stderr.split("\n")[0], line).toContain(text);
  }
}, 60_000);

test("without a daemon it says how to look at a directory", async () => {
  const { code, stderr } = await raftctl(["inspect-log"], { env: { RAFTCTL_SOCKET: join(home, "none.sock") } });
  expect([code, stderr.trimEnd().split("\n")]).toEqual([3, [expect.stringContaining("UNREACHABLE"), "hint: the log of a stopped node is read with --data-dir DIR"]]);
});

test("a damaged node of one is repaired: a dry run and a script without --yes change nothing (9), and then it is sound again", async () => {
  const { directory } = await damagedCopy();
  expect((await run(`inspect-log repair --data-dir ${dataDir} --dry-run`)).code).toBe(6);
  const planned = await run(`inspect-log repair --data-dir ${directory} --dry-run --json`);
  expect([planned.code, planned.json.result]).toEqual([0, expect.objectContaining({ applied: false, node: "n1", damages: [expect.stringContaining("is damaged at byte")], keeps: expect.stringMatching(/^(state|log)$/), aside: null })]);
  expect((await run(`inspect-log repair --data-dir ${directory}`)).code).toBe(9);
  expect((await run(`inspect-log verify --data-dir ${directory}`)).code).toBe(13);
  const done = await run(`inspect-log repair --data-dir ${directory} --yes`);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining(`what does not count any more is in ${directory}/damaged-1`)]);
  expect((await run(`inspect-log verify --data-dir ${directory}`)).code).toBe(0);
  expect((await run(`inspect-log repair --data-dir ${directory} --yes`)).stdout).toContain("nothing is to be done in");
});

test("a damaged log is listed up to the damage and ends with exit 13; verify and diff say where it is (U7)", async () => {
  const { directory, segment } = await damagedCopy();
  const listed = await run(`inspect-log --data-dir ${directory} --json`);
  expect([listed.code, listed.json.ok, listed.json.error?.code], listed.stdout).toEqual([13, false, "CORRUPT"]);
  const keys = (listed.json.result.entries as { command?: { key: string } }[]).flatMap(({ command }) => (command === undefined ? [] : [command.key]));
  expect(keys).toEqual(Array.from({ length: 7 }, (_, key) => `app/k${key}`));
  const verified = await run(`inspect-log verify --data-dir ${directory} --json`);
  expect([verified.code, verified.json.result.sound]).toEqual([13, false]);
  expect(verified.json.result.damages).toMatchObject([{ file: segment, offset: expect.any(Number), lastIndex: listed.json.result.entries.at(-1).index }]);
  const compared = await run(`inspect-log diff --node n1 --data-dir ${directory}`);
  expect([compared.code, compared.stdout], compared.stderr).toEqual([13, expect.stringContaining("damage: a log cannot be read")]);
  expect((await run(`inspect-log verify --data-dir ${dataDir}`)).code).toBe(0);
}, 60_000);

test("a node and its own directory are identical, and a stopped copy is behind (exit 0 and 12)", async () => {
  const copy = join(home, "behind");
  await cp(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  expect((await run(`inspect-log diff --node n1 --data-dir ${dataDir} --json`)).json).toMatchObject({ ok: true, result: { verdict: "identical", firstDifference: null } });
  await fixture.client(fixture.leader()).kv.put("later", "1");
  const behind = await run(`inspect-log diff --node n1 --data-dir ${copy} --json`);
  expect([behind.code, behind.json.error?.code, behind.json.result.verdict]).toEqual([12, "DIFFERENT", "missing-tail"]);
  expect(behind.json.result.firstDifference.held).toMatchObject([{ entry: { command: { key: "later" } } }, { entry: null }]);
}, 60_000);

test("a summary and statistics say what the log is made of", async () => {
  const { json } = await run("inspect-log summary --json");
  expect(json.result.regions[0]).toMatchObject({ region: "global", statistics: { types: { command: { entries: expect.any(Number) }, config: {}, noop: {} }, prefixes: [{ value: "app/", entries: 11 }, { value: "later" }] } });
  expect((await run(`inspect-log --stats --data-dir ${dataDir} --type noop --json`)).json.result).toMatchObject({ entries: [], stats: { types: { noop: { entries: 1 } } } });
});

test("a decoder of one's own is run on what is listed; what fails in it ends nothing", async () => {
  const path = join(home, "decoder.mjs");
  writeFileSync(path, "export default (type, bytes) => { if (type !== 'command') throw new Error('only commands'); return { size: bytes.length }; };\n");
  const { code, json } = await run(`inspect-log --decoder ${path} --json`);
  expect(code).toBe(0);
  expect(json.result.entries.slice(0, 1)).toMatchObject([{ type: "config", decoderError: "only commands" }]);
  expect(json.result.entries.at(-1)).toMatchObject({ type: "command", decoded: { size: json.result.entries.at(-1).bytes } });
});

test("following prints one document for each entry that is committed from now on, until it is interrupted", { timeout: 60_000 }, async () => {
  const client = fixture.client(fixture.leader());
  const { commitIndex } = await client.admin.call("logHeader", {});
  let written = false;
  const { code, stdout } = await raftctl(["inspect-log", `${commitIndex}..`, "--follow", "--json"], {
    env: { RAFTCTL_ENDPOINT: endpoint },
    onOutput: (kill, text) => {
      if (!written) void client.kv.put("followed/1", "a").then(() => client.kv.put("followed/2", "b"));
      written = true;
      if (text.trimEnd().split("\n").length >= 3) kill("SIGINT");
    },
  });
  expect(code).toBe(130);
  const documents = stdout.trimEnd().split("\n").slice(0, 3).map((line) => JSON.parse(line) as { ok: boolean; result: { index: string; command?: { key: string } } });
  expect(documents.map(({ ok, result }) => [ok, result.index])).toEqual([0, 1, 2].map((offset) => [true, String(commitIndex + offset)]));
  expect(documents.slice(1).map(({ result }) => result.command?.key)).toEqual(["followed/1", "followed/2"]);
  const ended = await run(`inspect-log ${commitIndex}..${commitIndex + 2} --follow`);
  expect([ended.code, ended.stdout.trimEnd().split("\n").length]).toEqual([0, 4]);
});
