// `history` and `get --at` as a shell runs them, on a cluster of one in this process: from its log, from its directory, and from what was backed up before
// the log was compacted.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { historyOf, inspectFile, openLogDirectory } from "../../src/daemon/offline.ts";
import { MadeUpLog } from "../cli/inspect-log/logs.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

let fixture: Fixture;
let endpoint: string;
let dataDir: string;
let home: string;
/** Index of each write of app/mode, by what it wrote; the two backups were made after "two" and after the deletion. */
const at: Record<string, number> = {};

beforeAll(async () => {
  fixture = await startCluster(1);
  home = await mkdtemp(join(tmpdir(), "raftctl-history-"));
  const client = fixture.client(fixture.leader());
  endpoint = fixture.leader().clientAddress;
  ({ dataDir } = await client.admin.call("daemonStatus", {}));
  const put = async (value: string): Promise<void> => void (at[value] = (await client.kv.put("app/mode", value)).index);
  await put("one");
  await client.kv.put("app/other", "beside it");
  await put("two");
  await expectBackup("first");
  await client.kv.put("app/mode", "never", { condition: { kind: "version", version: 7 } }).catch(() => undefined);
  await put("three");
  at["gone"] = (await client.kv.delete("app/mode")).index;
  await expectBackup("second");
  await put("four");
  // What a directory knows to be committed is written down with the writes that come next.
  while ((await knownCommit()) < at["four"]!) await client.kv.put("app/other", "later");
  await cp(dataDir, join(home, "whole"), { recursive: true, filter: (path) => !path.endsWith(".sock") });
  await client.admin.call("snapshotTake", { trailing: 0, dryRun: false });
  await put("five");
}, 60_000);

afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

async function knownCommit(): Promise<number> {
  const log = await openLogDirectory(dataDir, "global");
  await log.close();
  return log.header.commitIndex;
}

async function expectBackup(name: string): Promise<void> {
  expect((await run(`snapshot --output ${join(home, name)}`)).code).toBe(0);
}

function run(line: string): Promise<Outcome> {
  return raftctl(line.split(" "), { env: { RAFTCTL_ENDPOINT: endpoint } });
}

/** Index, effect and version of each event. */
function told({ json }: Outcome): unknown {
  return json.result.events.map(({ index, effect, version }: { index: string; effect: string; version: string }) => [Number(index), effect, version]);
}

test("a directory whose log is whole tells every version, and nothing is unknown (N12)", async () => {
  const whole = await run(`history app/mode --data-dir ${join(home, "whole")} --json`);
  expect(whole.code, whole.stdout).toBe(0);
  expect(told(whole)).toEqual([
    [at["one"], "written", "1"], [at["two"], "written", "2"], [at["three"]! - 1, "refused", "2"], [at["three"], "written", "3"], [at["gone"], "deleted", "0"], [at["four"], "written", "1"],
  ]);
  expect(whole.json).toMatchObject({ schema: "raftctl.history/v1", header: { node: "n1" }, result: { key: "app/mode", unknown: [], damages: [], events: [{ session: expect.stringMatching(/^\d+$/), seq: expect.stringMatching(/^\d+$/), term: expect.stringMatching(/^\d+$/), committed: true, source: "n1" }, {}, {}, {}, {}, {}] } });
  expect(whole.stdout).not.toContain("three");
}, 60_000);

test("a compacted log tells what its snapshot shows, and names what is not known; backups add what they hold", async () => {
  const live = await run("history app/mode --json");
  expect(told(live), live.stdout).toEqual([[at["four"], "written", "1"], [at["five"], "written", "2"]]);
  expect(live.json.result.events[0]).toMatchObject({ term: null, source: expect.stringMatching(/\.snapshot$/) });
  expect(live.json.result.unknown).toEqual([{ first: "1", last: String(at["four"]! - 1) }]);
  const chained = await run(`history app/mode --from ${join(home, "second")} --from ${join(home, "first")} --values --json`);
  expect(told(chained)).toEqual([[at["two"], "written", "2"], [at["four"], "written", "1"], [at["five"], "written", "2"]]);
  expect(chained.json.result.events.map(({ command }: { command: { value: { value: string } } }) => command.value.value)).toEqual(["two", "four", "five"]);
  const both = await run(`history app/mode --data-dir ${join(home, "whole")} --node n1 --json`);
  expect((told(both) as unknown[]).length).toBe(7);
  expect(both.json.result.unknown).toEqual([]);
}, 60_000);

test("text is a table, with values only when they are asked for, and a last line about what is not known", async () => {
  const { stdout } = await run("history app/mode");
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^history of app\/mode {2}committed to \d+ {2}from the state at \d+ in .*\.snapshot, the log of n1, \d+ to \d+$/);
  expect(lines[2]).toMatch(/^INDEX +TERM +TIME +EFFECT +VERSION +WHAT$/);
  expect(lines[3]).toMatch(/^ *\d+ +\? +- +written +1 +put app\/mode {2}4 bytes, crc [0-9a-f]{8}$/);
  expect(lines.at(-1)).toBe(`what it held is not known after entries 1 to ${at["four"]! - 1}: --from FILE, --data-dir DIR or --node NAME may know more`);
  expect((await run("history app/mode --values")).stdout).toContain("put app/mode  = five");
}, 60_000);

test("get --at writes the value of that moment byte for byte, exit 4 where there was none (N12)", async () => {
  const whole = `--data-dir ${join(home, "whole")}`;
  for (const [index, value] of [[at["one"], "one"], [at["two"]! - 1, "one"], [at["two"], "two"], [at["three"]! - 1, "two"], [at["three"], "three"], [at["four"], "four"]] as const) {
    expect((await run(`get app/mode --at ${index} ${whole}`)).stdout, `after ${index}`).toBe(value);
  }
  for (const index of [1, at["one"]! - 1, at["gone"]]) expect(await run(`get app/mode --at ${index} ${whole}`), String(index)).toMatchObject({ code: 4, stdout: "" });
  const { json } = await run(`get app/mode --at ${at["five"]} --json`);
  expect(json).toMatchObject({ ok: true, schema: "raftctl.get/v1", result: { found: true, count: 1, more: false, at: String(at["five"]), kvs: [{ key: "app/mode", value: "five", version: "2", createIndex: String(at["four"]), modIndex: String(at["five"]) }] } });
  const gone = await run(`get app/mode --at ${at["gone"]} ${whole} --json`);
  expect([gone.code, gone.json.error?.code, gone.json.result]).toEqual([4, "NOT_FOUND", expect.objectContaining({ found: false, kvs: [] })]);
  expect((await run(`get app/mode --at ${at["two"]} --from ${join(home, "first")}`)).stdout).toBe("two");
}, 60_000);

test("an index of which nothing is known is refused with what is known, and so is one to come (exit 2)", async () => {
  const early = await run(`get app/mode --at ${at["one"]} --json`);
  expect([early.code, early.json.error?.code]).toEqual([2, "INVALID_ARGUMENT"]);
  expect(early.json.error?.details?.["known"]).toEqual([{ first: String(at["four"]), last: early.json.error?.details?.["committedTo"] }]);
  const late = await run("get app/mode --at 999999");
  expect([late.code, late.stdout, late.stderr.split("\n")[0]]).toEqual([2, "", expect.stringContaining("--at 999999 is in the future")]);
}, 60_000);

test("what cannot be asked is refused with one line and its exit code", async () => {
  const expectations: [string, number, string][] = [
    ["history", 2, "KEY"], ["history app/never", 4, "nothing wrote app/never"], [`history a --data-dir ${home}`, 4, "holds no node"], [`history a --from ${join(home, "nothing")}`, 4, "there is no file"],
    ["history a --node n7", 4, "no member"], ["get --prefix app/ --at 3", 2, "--at"], ["get a --data-dir x", 2, "--at"], ["get --at 3", 2, "KEY"], ["get a --at 0", 2, "begin at 1"],
    ["get a --at 3 --consistency stale", 2, "--consistency"],
  ];
  for (const [line, code, text] of expectations) {
    const outcome = await run(line);
    expect([outcome.code, outcome.stdout], `${line}\n${outcome.stderr}`).toEqual([code, ""]);
    expect(outcome.stderr, line).toContain(text);
  }
}, 60_000);

test("a backup of another cluster is refused, and a damaged one is left out and ends with 13", async () => {
  await using other = await startCluster(1);
  await other.client(other.leader()).kv.put("app/mode", "elsewhere");
  expect((await raftctl(["snapshot", "--output", join(home, "foreign")], { env: { RAFTCTL_ENDPOINT: other.leader().clientAddress } })).code).toBe(0);
  const foreign = await run(`history app/mode --from ${join(home, "foreign")} --json`);
  expect([foreign.code, foreign.json.error?.code]).toEqual([8, "CLUSTER_MISMATCH"]);
  const bytes = await readFile(join(home, "first"));
  bytes[bytes.length - 60]! ^= 1;
  await writeFile(join(home, "rotten"), bytes);
  const rotten = await run(`history app/mode --from ${join(home, "rotten")} --json`);
  expect([rotten.code, rotten.json.error?.code, rotten.json.result.damages.length]).toEqual([13, "CORRUPT", 1]);
  expect(told(rotten)).toEqual([[at["four"], "written", "1"], [at["five"], "written", "2"]]);
}, 60_000);

test("a directory whose log is damaged tells what stands before the damage, and ends with 13", async () => {
  const directory = join(home, "damaged");
  await cp(join(home, "whole"), directory, { recursive: true });
  const [, segment] = (await readdir(join(directory, "wal"))).toSorted();
  const bytes = await readFile(join(directory, "wal", segment!));
  bytes[bytes.indexOf("three")]! ^= 1;
  await writeFile(join(directory, "wal", segment!), bytes);
  const damaged = await run(`history app/mode --data-dir ${directory} --json`);
  expect([damaged.code, damaged.json.error?.code], damaged.stdout).toEqual([13, "CORRUPT"]);
  const indexes = damaged.json.result.events.map(({ index }: { index: string }) => Number(index));
  expect(indexes).toEqual([at["one"], at["two"], at["three"]! - 1]);
}, 60_000);

test("a snapshot that a member elsewhere names is believed only when the file here is that snapshot", async () => {
  const { clusterId, index, term, stateFile } = await stateOf("first");
  const states = async (snapshot: { file: string; index: number }, header = { clusterId }): Promise<unknown> => {
    const log = new MadeUpLog([], { ...header, snapshots: [{ term, bytes: 1, digest: null, ...snapshot }] });
    const { sources, damages, superseded, events, committedTo } = await historyOf(utf8("app/mode"), { logs: [log], files: [] });
    return { states: sources.map(({ last }) => last), events: events.map((event) => event.index), committedTo, damages, superseded };
  };
  expect(await states({ file: stateFile, index })).toEqual({ states: [index], events: [at["two"]], committedTo: index, damages: [], superseded: [] });
  const none = { states: [], events: [], committedTo: 0, damages: [], superseded: [] };
  expect(await states({ file: stateFile, index: index + 1 })).toEqual(none);
  expect(await states({ file: stateFile, index }, { clusterId: "00112233445566778899aabbccddeeff" })).toEqual(none);
  expect(await states({ file: join(home, "elsewhere", "snapshot"), index })).toEqual(none);
  const replaced = join(home, "replaced meanwhile");
  expect(await states({ file: replaced, index })).toEqual({ ...none, superseded: [replaced] });
}, 60_000);

async function stateOf(name: string): Promise<{ clusterId: string; index: number; term: number; stateFile: string }> {
  const stateFile = join(home, name);
  const { header: { clusterId, index, term } } = await inspectFile(stateFile, undefined);
  return { clusterId, index, term, stateFile };
}
