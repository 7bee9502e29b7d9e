import { afterAll, beforeEach, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl, type Envelope, type Outcome } from "./run-raftctl.ts";

let daemon: FakeDaemon;
let client: Client;
const started: { readonly client: Client; readonly daemon: FakeDaemon }[] = [];
beforeEach(async () => {
  daemon = await new FakeDaemon().start();
  client = new Client({ endpoints: [daemon.endpoint] });
  started.push({ client, daemon });
  for (const key of ["app/mode", "app/size", "app/zone"]) await client.kv.put(key, "old");
});
afterAll(async () => {
  for (const each of started) {
    each.client.close();
    await each.daemon.stop();
  }
});

/** Ends it by a signal as soon as this is in its output; `change` is called when the state has been printed. */
function follow(args: string, until: string, { change, signal = "SIGINT" }: { readonly change?: () => Promise<unknown>; readonly signal?: NodeJS.Signals } = {}): Promise<Outcome> {
  let hasChanged = false;
  let isEnded = false;
  return raftctl(args.split(" "), {
    env: { RAFTCTL_ENDPOINT: daemon.endpoint },
    onOutput: (kill, stdout) => {
      if (!hasChanged) void change?.();
      hasChanged = true;
      if (!stdout.includes(until) || isEnded) return;
      isEnded = true;
      kill(signal);
    },
  });
}

const results = ({ stdout }: Outcome): Envelope["result"][] => stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as Envelope).result);

test("with --watch what there is comes first, as at one index also from several pages, and then every change behind it, once; Ctrl-C ends it with 0", async () => {
  daemon.pageMax = 2;
  const { index } = daemon;
  // While the second page is on its way: of the first page's keys and of its own.
  daemon.onPage = async () => {
    await client.kv.put("app/mode", "new");
    await client.kv.delete("app/zone");
  };
  const outcome = await follow("get --prefix app/ --watch --json", "last", { change: () => client.kv.put("app/size", "last") });
  expect([outcome.code, outcome.signal]).toEqual([0, null]);
  const [state, ...changes] = results(outcome);
  expect(state).toMatchObject({ kind: "state", found: true, more: false, index: String(index), count: 3, servedBy: "n1", consistency: "linearizable" });
  expect(state.kvs).toMatchObject([{ key: "app/mode", value: "old", version: "1" }, { key: "app/size", value: "old" }, { key: "app/zone", value: "old" }]);
  expect(changes).toEqual([
    { kind: "put", index: String(index + 1), key: "app/mode", keyEncoding: "utf8", value: "new", encoding: "utf8", version: "2", createIndex: String(index - 2) },
    { kind: "delete", index: String(index + 2), key: "app/zone", keyEncoding: "utf8" },
    { kind: "put", index: String(index + 3), key: "app/size", keyEncoding: "utf8", value: "last", encoding: "utf8", version: "2", createIndex: String(index - 1) },
    { kind: "end", nextIndex: String(index + 4), events: 3 },
  ]);
});

test("as text it is the lines of get and then those of watch, and says at which index the first ones end (stderr)", async () => {
  const { index } = daemon;
  const outcome = await follow("get --range app/m..app/z --watch", "\tnew", { change: () => client.kv.put("app/size", "new"), signal: "SIGTERM" });
  expect(outcome).toMatchObject({ code: 0, stdout: `app/mode\told\napp/size\told\n${index + 1}\tput\tapp/size\tnew\n` });
  expect(outcome.stderr).toBe(`as it was at index ${index}; what changed since then follows\n`);
  const keys = await follow("get --prefix app/ --keys-only --watch --quiet", "\tdelete", { change: () => client.kv.delete("app/mode") });
  expect(keys).toMatchObject({ code: 0, stdout: `app/mode\napp/size\napp/zone\n${index + 2}\tdelete\tapp/mode\n`, stderr: "" });
});

test("a key that does not exist yet is waited for", async () => {
  const outcome = await follow("get app/later --watch --json", "\"put\"", { change: () => client.kv.put("app/later", "here") });
  expect(outcome.code).toBe(0);
  expect(results(outcome)).toMatchObject([{ kind: "state", found: false, kvs: [] }, { kind: "put", key: "app/later", value: "here" }, { kind: "end", events: 1 }]);
  const one = await follow("get app/mode --watch", "new", { change: () => client.kv.put("app/mode", "new") });
  expect(one.stdout).toMatch(/^app\/mode\told\n\d+\tput\tapp\/mode\tnew\n$/);
});

test("what is not retained any more is COMPACTED, exit 4, and what helps is to run it again", async () => {
  daemon.firstRetained = 1_000;
  const outcome = await raftctl(["get", "app/mode", "--watch"], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
  expect(outcome).toMatchObject({ code: 4, stdout: "app/mode\told\n" });
  expect(outcome.stderr).toContain("hint: what changed before is gone: run the same again");
});

test("flags that say how a single read is made do not go with --watch: exit 2", async () => {
  for (const flag of ["--at 7", "--limit 1", "--count", "--consistency stale", "--max-lag 1s", "--min-index 7", "--output raw"]) {
    const outcome = await raftctl(["get", "app/mode", "--watch", ...flag.split(" ")], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
    expect([flag, outcome.code]).toEqual([flag, 2]);
  }
});

test("get says at which index all that it shows was so, also of several pages", async () => {
  daemon.pageMax = 1;
  const { index } = daemon;
  daemon.onPage = async () => void (await client.kv.put("app/zone", "new"));
  const { json } = await raftctl(["get", "--prefix", "app/", "--json"], { env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
  expect(json).toMatchObject({ header: { index: String(index) }, result: { index: String(index), count: 3, more: false, kvs: [{ key: "app/mode" }, { key: "app/size" }, { key: "app/zone", value: "old" }] } });
});
