import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client.ts";
import type { TxnOutcome } from "../../src/client/txn.ts";
import { parseRequestId } from "../../src/client/session.ts";
import { decodeCommand, type SessionStamp } from "../../src/wire/command.ts";
import { emptySocketPath, FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function daemon(name?: string): Promise<FakeDaemon> {
  const fake = await new FakeDaemon(name).start();
  open.push(fake);
  return fake;
}

function client(options: ClientOptions): Client {
  const made = new Client({ timeoutMs: 2000, ...options });
  open.unshift(made);
  return made;
}

/** Accepts connections and says nothing. */
async function mute(): Promise<string> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  server.unref();
  open.push({ stop: () => server.close() });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failure(call: Promise<unknown>): Promise<RaftctlError> {
  const outcome = await call.then(() => undefined, (error: unknown) => error);
  expect(outcome).toBeInstanceOf(RaftctlError);
  return outcome as RaftctlError;
}

test("a put is answered with its index and version, and a get reads it back with its history", async () => {
  const { kv } = client({ endpoints: [(await daemon()).endpoint] });
  const first = await kv.put("k", "one");
  const second = await kv.put("k", "two");
  expect(second.index).toBeGreaterThan(first.index);
  expect(second.result?.version).toBe(2);
  const { record } = await kv.get("k");
  expect(utf8Text(record!.value)).toBe("two");
  expect(record).toMatchObject({ version: 2, createIndex: first.index, modIndex: second.index });
});

test("the first endpoint that answers is used, and the others' failures do no harm (S109)", async () => {
  const fake = await daemon();
  const one = client({ endpoints: ["127.0.0.1:1", fake.endpoint] });
  await one.kv.put("k", "v");
  expect(one.server?.name).toBe("n1");
  expect(one.header()).toMatchObject({ node: "n1", term: "7", leader: "n1", region: "global" });
});

test("when nobody answers, the error names every address, the reason of each, and who chose them", async () => {
  const socket = emptySocketPath();
  const error = await failure(client({ socket, origin: "env RAFTCTL_SOCKET" }).kv.put("k", "v"));
  expect(error).toMatchObject({ code: "UNREACHABLE", exit: 3 });
  expect(error.message).toContain(socket);
  expect(error.message).toContain("env RAFTCTL_SOCKET");
  const several = await failure(client({ endpoints: ["127.0.0.1:1", "127.0.0.1:2"] }).kv.get("k"));
  expect(several.message).toContain("127.0.0.1:1");
  expect(several.message).toContain("127.0.0.1:2");
});

test("a mute endpoint leaves time for the one behind it", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [await mute(), fake.endpoint], timeoutMs: 1000 });
  await expect(kv.put("k", "v")).resolves.toMatchObject({ term: 7 });
});

test("no call takes longer than its timeout, wherever the time goes", async () => {
  const silent = await daemon();
  silent.faults.push({ kind: "silence" });
  for (const endpoint of [await mute(), silent.endpoint]) {
    const start = performance.now();
    await failure(client({ endpoints: [endpoint], timeoutMs: 300 }).kv.put("k", "v"));
    expect(performance.now() - start).toBeLessThan(450);
  }
});

test("what the server refuses comes through with its code and details, and is not repeated (S83)", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "refuse", error: new RaftctlError("NO_LEADER", "need 2 of 3 votes, have n2", { details: { missing: ["n1", "n3"] } }) });
  const error = await failure(client({ endpoints: [fake.endpoint] }).kv.put("k", "v"));
  expect(error).toMatchObject({ code: "NO_LEADER", message: "need 2 of 3 votes, have n2", details: { missing: ["n1", "n3"] } });
  expect(fake.requests).toHaveLength(1);
});

test("a write whose answer was lost is sent again under the same session and number, and takes effect once (S112, S121)", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "executeAndDrop" });
  const receipt = await client({ endpoints: [fake.endpoint] }).kv.put("k", "v");
  expect(receipt.result?.version).toBe(1);
  expect(fake.executed).toBe(1);
  const stamps = fake.requests.map((request) => (request.operation === "propose" ? decodeCommand(request.command).session : undefined));
  expect(stamps).toHaveLength(2);
  expect(stamps[1]).toEqual(stamps[0]);
});

test("without a session a write whose answer was lost is never sent again: its outcome is unknown", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "executeAndDrop" });
  const error = await failure(client({ endpoints: [fake.endpoint] }).kv.put("k", "v", { session: "none" }));
  expect(error).toMatchObject({ code: "UNKNOWN_OUTCOME", exit: 10 });
  expect(fake.executed).toBe(1);
  expect(fake.requests).toHaveLength(1);
});

test("a write that is never answered ends as UNKNOWN_OUTCOME with its request id, not as a time-out", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "executeSilently" });
  const error = await failure(client({ endpoints: [fake.endpoint], timeoutMs: 200 }).kv.put("k", "v"));
  expect(error.code).toBe("UNKNOWN_OUTCOME");
  expect(error.details?.["requestId"]).toMatch(/^\d+:101$/);
});

test.each([
  new RaftctlError("TIMEOUT", "not committed in time"),
  new RaftctlError("UNKNOWN_OUTCOME", "leadership was lost"),
  new RaftctlError("CONNECTION_LOST", "the leader went away", { details: { sent: true } }),
])("a server that itself does not know what became of the write makes the outcome unknown: $code", async (error) => {
  const fake = await daemon();
  fake.faults.push({ kind: "refuse", error });
  await expect(client({ endpoints: [fake.endpoint] }).kv.put("k", "v", { session: "none" })).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
});

test("a server's word that the write was not carried out stays what it is", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "refuse", error: new RaftctlError("BUSY", "the queue is full", { details: { sent: false } }) });
  await expect(client({ endpoints: [fake.endpoint] }).kv.put("k", "v")).rejects.toMatchObject({ code: "BUSY", retryable: true });
});

test("after a lost answer no refusal of the repetition is taken for the outcome of the first", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "executeAndDrop" }, { kind: "refuse", error: new RaftctlError("REJECTED", "the validator says no") });
  const error = await failure(client({ endpoints: [fake.endpoint] }).kv.put("k", "v"));
  expect(error.code).toBe("UNKNOWN_OUTCOME");
});

test("after a lost answer a cluster without a leader is asked again until it has one", async () => {
  const fake = await daemon();
  const noLeader = new RaftctlError("NO_LEADER", "no leader");
  fake.faults.push({ kind: "executeAndDrop" }, { kind: "refuse", error: noLeader }, { kind: "refuse", error: noLeader });
  await expect(client({ endpoints: [fake.endpoint] }).kv.put("k", "v")).resolves.toMatchObject({ result: { version: 1 } });
  expect(fake.executed).toBe(1);
});

test("the caller's own stamp repeats a request of an earlier process", async () => {
  const fake = await daemon();
  const session = { id: 77n, sequence: 5 };
  const first = await client({ endpoints: [fake.endpoint] }).kv.put("k", "v", { session });
  const again = await client({ endpoints: [fake.endpoint] }).kv.put("k", "v", { session });
  expect(again.index).toBe(first.index);
  expect(again.requestId).toBe("77:5");
  expect(fake.executed).toBe(1);
});

test("concurrent writes use a session each, and later ones use those again", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  await Promise.all([kv.put("a", "1"), kv.put("b", "2"), kv.put("c", "3")]);
  await kv.put("d", "4");
  const stamps = fake.requests.map((request) => (request.operation === "propose" ? decodeCommand(request.command).session! : undefined));
  expect(new Set(stamps.slice(0, 3).map((stamp) => stamp!.id)).size).toBe(3);
  expect(stamps[3]).toMatchObject({ sequence: 102 });
  expect(stamps.slice(0, 3).map((stamp) => stamp!.id)).toContain(stamps[3]!.id);
});

function stampsOf(fake: FakeDaemon): SessionStamp[] {
  return fake.requests.flatMap((request) => (request.operation === "propose" ? [decodeCommand(request.command).session!] : []));
}

test("a session begins above the index that the log had when the daemon welcomed the client, a later one above the last answer (S112)", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  await kv.put("a", "1");
  await Promise.all([kv.put("b", "1"), kv.put("c", "1")]);
  expect(stampsOf(fake).map(({ sequence }) => sequence)).toEqual([101, 102, 102]);
});

test("a session that the cluster has forgotten gives way to a new one, and the write takes effect once (S112, S121)", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  await kv.put("k", "1");
  fake.forgetSessions();
  const { index, result } = await kv.put("k", "2");
  expect([index, result?.status, fake.executed]).toEqual([1103, "ok", 2]);
  const stamps = stampsOf(fake);
  expect(stamps.map(({ sequence }) => sequence)).toEqual([101, 102, 1103]);
  expect(stamps[2]!.id).not.toBe(stamps[0]!.id);
  await kv.put("k", "3");
  expect(stampsOf(fake).at(-1)).toEqual({ id: stamps[2]!.id, sequence: 1104 });
});

test("a write that waits to be committed is written in a new session, too, when its own was forgotten (S44, S112)", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  await kv.put("k", "1");
  fake.forgetSessions();
  expect(await kv.put("k", "2", { waitFor: "committed" })).toMatchObject({ index: 1103, result: undefined });
  expect(fake.executed).toBe(2);
});

test("when a repetition is refused because the session was forgotten, nobody knows whether the first attempt took effect (S112)", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "executeAndForget" });
  const error = await failure(client({ endpoints: [fake.endpoint] }).kv.put("k", "v"));
  expect(error).toMatchObject({ code: "UNKNOWN_OUTCOME" });
  expect([fake.executed, stampsOf(fake).length]).toEqual([1, 2]);
});

test("a session whose last outcome is unknown is not used again", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "silence" });
  const { kv } = client({ endpoints: [fake.endpoint] });
  await failure(kv.put("a", "1", { timeoutMs: 150 }));
  await kv.put("b", "2");
  const ids = fake.requests.map((request) => (request.operation === "propose" ? decodeCommand(request.command).session!.id : undefined));
  expect(ids[1]).not.toBe(ids[0]);
});

test("a session whose first command never entered the log is not used again, so nobody has to ask whether it did (S112)", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "refuse", error: new RaftctlError("NO_LEADER", "need 2 of 3 votes, have n2") });
  const { kv } = client({ endpoints: [fake.endpoint] });
  await failure(kv.put("a", "1"));
  await kv.put("b", "2");
  await kv.put("c", "3");
  const stamps = fake.requests.map((request) => (request.operation === "propose" ? decodeCommand(request.command).session! : undefined));
  expect(stamps.map((stamp) => stamp!.sequence)).toEqual([101, 101, 102]);
  expect(stamps[1]!.id).not.toBe(stamps[0]!.id);
  expect(stamps[2]!.id).toBe(stamps[1]!.id);
});

test("a transaction is one command in a session, and tells which side was done and what each of its operations came to (S112)", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  const request = { compare: [{ key: "a", version: 0 }], then: [{ op: "put", key: "a", value: "1" }, { op: "delete", prefix: "b" }, { op: "get", key: "a" }], else: [{ op: "put", key: "c", value: "2", wantPrevious: true }] } as const;
  fake.faults.push({ kind: "executeAndDrop" });
  const first = await kv.txn(request);
  expect(first).toMatchObject({ index: 101, succeeded: true, outcomes: [{ op: "put", version: 1 }, { op: "delete", deleted: 0 }, { op: "get", records: [] }] });
  expect(fake.executed).toBe(1);
  expect(await kv.txn(request)).toMatchObject({ succeeded: false, outcomes: [{ op: "put", version: 1, previous: undefined }] });
  const [overwritten] = (await kv.txn(request)).outcomes as [Extract<TxnOutcome, { op: "put" }>];
  expect([overwritten.version, overwritten.previous?.version, utf8Text(overwritten.previous!.value)]).toEqual([2, 1, "2"]);
  expect(await kv.txn({ compare: [{ key: "a", version: 9 }], then: [{ op: "put", key: "a", value: "1" }] })).toMatchObject({ succeeded: false, outcomes: [] });
  expect(await kv.txn(request, { waitFor: "committed" })).toMatchObject({ succeeded: undefined, outcomes: undefined });
  await expect(kv.txn({ then: [{ op: "put", key: "a", value: "1" }, { op: "delete", key: "a" }] })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("the outcome of a request whose answer was lost is found out: applied with its result, or not applied and never any more (N5)", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  const [done, lost] = [{ id: 7n, sequence: 101 }, { id: 8n, sequence: 101 }];
  await kv.put("k", "v", { session: done });
  expect(await kv.outcome(done)).toMatchObject({ state: "applied", result: { status: "ok", index: 101, version: 1 } });
  expect(await kv.outcome(lost)).toEqual({ state: "not-applied" });
  expect(await failure(kv.put("k", "late", { session: lost }))).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("declared as never applied") as string });
  fake.forgetSessions();
  expect(await kv.outcome(done)).toEqual({ state: "session-expired" });
});

test("when nobody answers the question either, that is what is said, and asking again is harmless (N5)", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "silence" });
  const { kv } = client({ endpoints: [fake.endpoint] });
  const error = await failure(kv.outcome({ id: 9n, sequence: 101 }, { timeoutMs: 150 }));
  expect(error).toMatchObject({ code: "UNKNOWN_OUTCOME", message: expect.stringMatching(/^nobody has answered what became of request 9:101: /) as string });
  expect(error.hint).toContain("ask again");
});

test("a request id is read as it was printed, and anything else is refused by name", () => {
  expect(parseRequestId("18446744073709551615:9007199254740991")).toEqual({ id: 2n ** 64n - 1n, sequence: Number.MAX_SAFE_INTEGER });
  for (const text of ["", "7", "7:", ":7", "7:0", "0:7", "7:8:9", "7:-1", "a:1", "7:9007199254740992", "18446744073709551616:1"]) {
    expect(() => parseRequestId(text)).toThrow(JSON.stringify(text));
  }
});

test("a condition that does not hold is CONFLICT with the version that is there", async () => {
  const { kv } = client({ endpoints: [(await daemon()).endpoint] });
  await kv.put("k", "v");
  const error = await failure(kv.put("k", "w", { condition: { kind: "absent" } }));
  expect(error).toMatchObject({ code: "CONFLICT", exit: 6, details: { version: "1" } });
  await expect(kv.put("k", "w", { condition: { kind: "version", version: 1 } })).resolves.toMatchObject({ result: { version: 2 } });
  await expect(kv.delete("k", { condition: { kind: "value", value: utf8("v") } })).rejects.toMatchObject({ code: "CONFLICT" });
});

test("a read is asked of the next address when the connection breaks, and never ends as UNKNOWN_OUTCOME", async () => {
  const [first, second] = [await daemon("n1"), await daemon("n2")];
  const { kv } = client({ endpoints: [first.endpoint, second.endpoint] });
  await expect(kv.get("k")).resolves.toMatchObject({ servedBy: "n1" });
  await first.stop();
  await expect(kv.get("k")).resolves.toMatchObject({ servedBy: "n2" });
  await second.stop();
  expect((await failure(kv.get("k"))).code).toBe("UNREACHABLE");
});

test("an operator's change that is not answered has an unknown outcome; a look that is not answered is only late", async () => {
  const fake = await daemon();
  fake.silentMethods.add("leaderTransfer").add("status");
  const { admin } = client({ endpoints: [fake.endpoint], timeoutMs: 200 });
  expect((await failure(admin.call("leaderTransfer", { to: "n2", dryRun: false }))).code).toBe("UNKNOWN_OUTCOME");
  expect((await failure(admin.call("status", {}))).code).toBe("TIMEOUT");
  expect(fake.requests.filter((request) => request.operation === "admin" && request.method === "leaderTransfer")).toHaveLength(1);
});

test("a range is read page by page until its end or the limit", async () => {
  const fake = await daemon();
  fake.pageMax = 2;
  const { kv } = client({ endpoints: [fake.endpoint] });
  for (const key of ["a1", "a2", "a3", "a4", "a5", "b1"]) await kv.put(key, "v");
  const keysOf = async (limit?: number): Promise<(string | undefined)[]> => {
    const keys: (string | undefined)[] = [];
    for await (const page of kv.pages({ start: "a", end: "b", limit })) keys.push(...page.records.map(({ key }) => utf8Text(key)));
    return keys;
  };
  expect(await keysOf()).toEqual(["a1", "a2", "a3", "a4", "a5"]);
  expect(await keysOf(3)).toEqual(["a1", "a2", "a3"]);
});

test("deleting a prefix deletes what begins so and nothing else", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  for (const key of ["a/1", "a/2", "a0", "b"]) await kv.put(key, "v");
  expect((await kv.deletePrefix("a/")).result?.deleted).toBe(2);
  expect((await kv.range({})).records.map(({ key }) => utf8Text(key))).toEqual(["a0", "b"]);
});

test("a closed client refuses, and calls under way end", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "silence" });
  const one = client({ endpoints: [fake.endpoint] });
  const start = performance.now();
  const pending = failure(one.kv.put("k", "v"));
  while (fake.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  one.close();
  expect((await pending).code).toBe("UNKNOWN_OUTCOME");
  expect(performance.now() - start).toBeLessThan(1000);
  expect((await failure(one.kv.get("k"))).code).toBe("STOPPED");
});

test("an unknown region is refused before anything is sent", async () => {
  const error = await failure(client({ endpoints: ["127.0.0.1:1"], region: "eu" }).kv.get("k"));
  expect(error).toMatchObject({ code: "UNKNOWN_GROUP", exit: 4 });
});
