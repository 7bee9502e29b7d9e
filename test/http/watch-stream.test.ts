// Watches over HTTP: each change once and in order, from any node, across readers that come back, leaders that change, and daemons that stop.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { Daemon } from "../../src/daemon/daemon.ts";
import type { Client } from "../../src/client/client.ts";
import { Routes } from "../../src/http/routes.ts";
import { parseAddress } from "../../src/platform/connect.ts";
import type { HttpStream } from "../../src/platform/http-stream.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import type { ClientResponse, WatchResponse } from "../../src/wire/client-protocol.ts";
import { schemasFolder } from "../commands/json-output.ts";
import { violations } from "../commands/schema-check.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { eventually } from "../platform/eventually.ts";
import { EventReader } from "./support/events.ts";

let fixture: Fixture;
let client: Client;
beforeAll(async () => {
  fixture = await startCluster(3, { "listen.http": "127.0.0.1:0" });
  client = fixture.client(fixture.leader());
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const watchSchema = JSON.parse(readFileSync(`${schemasFolder}/watch.json`, "utf8"));
const refused = async (query: string, headers: Record<string, string> = {}, node: Daemon = fixture.leader()): Promise<[number, string, string]> => {
  const response = await fetch(`http://${node.httpAddress}/v1/watch?${query}`, { headers });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code, error.message];
};

test("every node tells every change once and in order, as documents of raftctl watch (S120)", async () => {
  const readers = await Promise.all(fixture.cluster.nodes.map((node) => EventReader.open(node, "prefix=order/")));
  for (const value of ["1", "2", "3"]) await client.kv.put("order/k", value);
  await client.kv.delete("order/k");
  await client.kv.put("elsewhere", "x");
  for (const reader of readers) {
    await eventually(() => reader.changes).toEqual(["put order/k 1", "put order/k 2", "put order/k 3", "delete order/k"]);
    for (const { event, id, data } of reader.events) {
      expect([violations(data, watchSchema), event, id]).toEqual([[], data.result.kind, String(Number(data.result.index) + 1)]);
      expect(data.header["node"]).toBeDefined();
    }
    reader.close();
  }
});

test("keys, ranges, kinds and a limit are chosen as the command chooses them, and a limit ends the stream", async () => {
  const { index } = await client.kv.put("choice/a", "1");
  await client.kv.put("choice/b", "2");
  await client.kv.delete("choice/a");
  const read = async (query: string): Promise<(string | undefined)[]> => {
    const reader = await EventReader.open(fixture.followers()[0]!, `fromIndex=${index}&${query}`);
    await eventually(() => reader.ended).toBe(true);
    return [...reader.changes, reader.events.at(-1)!.event, reader.events.at(-1)!.data.result.nextIndex];
  };
  expect(await read("key=choice/a&limit=2")).toEqual(["put choice/a 1", "delete choice/a", "end", String(index + 3)]);
  expect(await read("prefix=choice/&only=deletes&limit=1")).toEqual(["delete choice/a", "end", String(index + 3)]);
  expect(await read("start=choice/b&end=choice/c&limit=1")).toEqual(["put choice/b 2", "end", String(index + 2)]);
  expect(await read("start=choice/b&keysOnly&limit=1")).toEqual(["put choice/b", "end", String(index + 2)]);
  expect(await read("key=Y2hvaWNlL2I=&keyEncoding=base64&limit=1")).toEqual(["put choice/b 2", "end", String(index + 2)]);
});

test("of what one entry changed nothing is missed and nothing told twice, wherever the reader was cut, on whichever node he comes back (U7)", async () => {
  const keys = ["a", "b", "c"].map((name) => `entry/${name}`);
  const { index } = await client.kv.txn({ then: keys.map((key) => ({ op: "put" as const, key, value: "1" })) });
  await client.kv.put("entry/z", "last");
  const whole = await EventReader.open(fixture.leader(), `prefix=entry/&fromIndex=${index}&limit=4`);
  await eventually(() => whole.ended).toBe(true);
  const told = whole.events.slice(0, 4);
  expect(told.map(({ id }) => id)).toEqual([`${index}.1`, `${index}.2`, String(index + 1), String(index + 2)]);
  for (const [place, { id }] of told.slice(0, 3).entries()) {
    // The header wins over the address, which the browser repeats.
    const rest = await EventReader.open(fixture.followers()[place % 2]!, `prefix=entry/&fromIndex=${index}&limit=${3 - place}`, id);
    await eventually(() => rest.ended).toBe(true);
    expect(rest.changes).toEqual(whole.changes.slice(place + 1));
  }
});

test("a reader who was told nothing yet knows where to go on all the same", async () => {
  const reader = await EventReader.open(fixture.leader(), "prefix=quiet/");
  await eventually(() => reader.lastId).not.toBe("");
  reader.close();
  await client.kv.put("quiet/k", "meanwhile");
  const again = await EventReader.open(fixture.followers()[0]!, "prefix=quiet/&limit=1", reader.lastId);
  await eventually(() => again.changes).toEqual(["put quiet/k meanwhile"]);
});

test("progress says how far it has come", async () => {
  const reader = await EventReader.open(fixture.followers()[0]!, "key=none&progress=100ms");
  const { index } = await client.kv.put("other", "x");
  await eventually(() => Number(reader.events.at(-1)?.data.result.nextIndex)).toBeGreaterThan(index);
  const last = reader.events.at(-1)!;
  expect([last.event, last.id, violations(last.data, watchSchema)]).toEqual(["progress", last.data.result.nextIndex, []]);
  reader.close();
});

test("what cannot be watched is refused before the stream begins, with its status (S14)", async () => {
  expect(await refused("key=a&prefix=b")).toEqual([400, "BAD_REQUEST", expect.stringContaining("say which keys")]);
  expect(await refused("")).toEqual([400, "BAD_REQUEST", expect.stringContaining("say which keys")]);
  expect(await refused("key=a&fromIndex=0")).toEqual([400, "INVALID_ARGUMENT", expect.stringContaining("index 0")]);
  expect(await refused("key=a&only=all")).toEqual([400, "BAD_REQUEST", expect.stringContaining("want puts, deletes")]);
  expect(await refused("key=a&progress=1ms")).toEqual([400, "BAD_REQUEST", expect.stringContaining("at least 100 ms")]);
  expect(await refused("key=a&limit=0")).toEqual([400, "BAD_REQUEST", expect.stringContaining("at least 1")]);
  expect(await refused("key=")).toEqual([400, "INVALID_ARGUMENT", expect.stringContaining("empty")]);
  for (const id of ["x", "-1", "1.", "1.2.3", "9".repeat(30)]) expect(await refused("key=a", { "last-event-id": id })).toEqual([400, "BAD_REQUEST", expect.stringContaining("Last-Event-ID")]);
  expect(await refused("key=a", { origin: "http://evil.example" })).toEqual([403, "DENIED", expect.any(String)]);
});

test("a stream goes on when leadership changes, and one that is resumed elsewhere continues without gap or repetition (U7, S120)", async () => {
  const node = fixture.followers()[1]!;
  let reader = await EventReader.open(node, "prefix=moving/");
  const seen: string[] = [];
  const writer = fixture.client(node);
  for (let round = 0; round < 3; round += 1) {
    for (let write = 0; write < 20; write += 1) {
      await writer.kv.put(`moving/${write}`, `${round}`);
      if (write !== 10) continue;
      const old = fixture.leader();
      const next = fixture.followers()[0]!.region.raft.id;
      await old.region.raft.transferLeadership(next);
      await eventually(() => fixture.leader()?.region.raft.id).toBe(next);
    }
    // Cut wherever it may be just now, and resumed on another node.
    reader.close();
    await eventually(() => reader.ended).toBe(true);
    seen.push(...reader.changes);
    reader = await EventReader.open(fixture.cluster.nodes[round]!, "prefix=moving/", reader.lastId);
  }
  const expected = Array.from({ length: 60 }, (_, place) => `put moving/${place % 20} ${Math.floor(place / 20)}`);
  await eventually(() => [...seen, ...reader.changes]).toEqual(expected);
  reader.close();
}, 60_000);

test("a reader who stalls costs the daemon a bounded number of bytes, and others hear everything (T8, S120)", async () => {
  const node = fixture.leader();
  const [host, port] = node.httpAddress!.split(":");
  const { index } = await client.kv.put("flood/begin", "x");
  const stalled = connect(Number(port), host);
  stalled.on("error", () => undefined);
  stalled.write(`GET /v1/watch?prefix=flood/&fromIndex=${index} HTTP/1.1\r\nhost: a\r\n\r\n`);
  stalled.pause();
  const others = await Promise.all([1, 2].map(() => EventReader.open(node, `prefix=flood/&fromIndex=${index}&keysOnly`)));
  const value = "v".repeat(512 * 1024);
  for (let write = 0; write < 60; write += 1) await client.kv.put("flood/k", value);
  for (const reader of others) await eventually(() => reader.events.length).toBe(61);
  // Of the 30 MB the kernel has taken some; nothing waits in the daemon but one event.
  const sockets = (process as unknown as { _getActiveHandles(): { writableLength?: number; remotePort?: number }[] })._getActiveHandles();
  const waiting = sockets.filter(({ remotePort }) => remotePort === stalled.localPort).map(({ writableLength }) => writableLength ?? 0);
  expect(Math.max(...waiting)).toBeGreaterThan(0);
  expect(Math.max(...waiting)).toBeLessThan(1024 * 1024);
  stalled.destroy();
  for (const reader of others) reader.close();
}, 60_000);

test("what is not retained any more is 410 before the first event, with the index to go on from; a daemon that stops ends its streams at once", async () => {
  await using single = await startCluster(1, { "listen.http": "127.0.0.1:0", "compaction.logBytes": "1MiB", "compaction.trailingEntries": "1", "compaction.trailingBytes": "1KiB" });
  const [node] = single.cluster.nodes;
  const own = single.client(node!);
  await own.kv.put("k", "first");
  await eventually(async () => {
    await own.kv.put("k", new Uint8Array(256 * 1024));
    return (await fetch(`http://${node!.httpAddress}/v1/watch?key=k&fromIndex=1&limit=1`).then(async (response) => [response.status, ((await response.json().catch(() => ({}))) as { error?: { code: string } }).error?.code]));
  }).toEqual([410, "COMPACTED"]);
  const response = await fetch(`http://${node!.httpAddress}/v1/watch?key=k&fromIndex=1`);
  expect(await response.json()).toMatchObject({ ok: false, schema: "raftctl.error/v1", error: { details: { firstRetained: expect.stringMatching(/^\d+$/) } } });
  const reader = await EventReader.open(node!, "key=k");
  await eventually(() => reader.lastId).not.toBe("");
  await node!.stop({ transfer: false, drainMs: 30_000 });
  await eventually(() => reader.ended).toBe(true);
}, 60_000);

/** A node that answers the question at which a stream begins, and the next one as it is told. */
async function streamOf(next: () => Promise<ClientResponse>): Promise<{ stream: HttpStream; askers: Set<object>; gone: Set<object> }> {
  const [askers, gone] = [new Set<object>(), new Set<object>()];
  const nothing: WatchResponse = { operation: "watch", events: [], nextIndex: 5, firstRetained: 1, index: 4, term: 1, leader: "n1", servedBy: "n1" };
  const connection = await RequestConnection.connect(parseAddress(fixture.leader().clientAddress), { clock: new SystemClock(), clientName: "test", timeoutMs: 5_000 });
  connection.close();
  const routes = new Routes({
    identity: connection.server, leaderElsewhere: async () => undefined, onDisconnect: (asker) => gone.add(asker),
    onRequest: (request, asker) => {
      askers.add(asker);
      return request.operation === "watch" && request.waitMs === 1 ? nothing : next();
    },
  });
  const stream = await routes.answer({ method: "GET", target: "/v1/watch?key=k&fromIndex=5", header: () => undefined, body: new Uint8Array() });
  return { stream: stream as HttpStream, askers, gone };
}

test("the node forgets a watcher when his stream is cancelled, also before it has begun", async () => {
  const { stream, askers, gone } = await streamOf(() => new Promise(() => undefined));
  const texts: string[] = [];
  const over = stream.run(async (text) => void texts.push(text));
  await eventually(() => texts).toEqual(["id: 5\n\n"]);
  expect([askers.size, gone.size]).toEqual([1, 0]);
  stream.cancel();
  await over;
  expect(gone).toEqual(askers);
  const early = await streamOf(() => new Promise(() => undefined));
  early.stream.cancel();
  expect([early.askers.size, early.gone]).toEqual([1, early.askers]);
});

test("an error in the middle is the last event, with the envelope of the error", async () => {
  const { stream, gone } = await streamOf(() => Promise.reject(new RaftctlError("COMPACTED", "it is not retained any more", { details: { firstRetained: "9" } })));
  const texts: string[] = [];
  await stream.run(async (text) => void texts.push(text));
  expect(texts).toEqual(["id: 5\n\n", expect.stringMatching(/^event: error\ndata: \{"ok":false,"schema":"raftctl.error\/v1".*"COMPACTED".*"firstRetained":"9".*\}\n\n$/)]);
  expect(gone.size).toBe(1);
});
