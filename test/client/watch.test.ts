import { afterEach, expect, test } from "vitest";
import { RaftctlError, toRaftctlError } from "../../src/base/errors.ts";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { Client } from "../../src/client/client.ts";
import type { Watch, WatchBatch } from "../../src/client/watch.ts";
import type { WatchEvent } from "../../src/wire/watch-events.ts";
import type { WatchRequest } from "../../src/wire/client-protocol.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function daemon(name?: string): Promise<FakeDaemon> {
  const fake = await new FakeDaemon(name).start();
  open.push(fake);
  return fake;
}

function client(...daemons: FakeDaemon[]): Client {
  const made = new Client({ timeoutMs: 2_000, endpoints: daemons.map(({ endpoint }) => endpoint) });
  open.unshift(made);
  return made;
}

function shown({ index, kind, key, value }: WatchEvent): string {
  return `${index} ${kind} ${utf8Text(key)}=${utf8Text(value)}`;
}

async function take(watch: Watch, count: number): Promise<string[]> {
  const events: string[] = [];
  for await (const event of watch) {
    events.push(shown(event));
    if (events.length === count) break;
  }
  return events;
}

function watchRequests(fake: FakeDaemon): WatchRequest[] {
  return fake.requests.filter((request) => request.operation === "watch");
}

test("a watch tells what changes from the moment on at which it was made, not what there was", async () => {
  const fake = await daemon();
  const one = client(fake);
  const { kv } = one;
  await kv.put("a/old", "0");
  const watch = one.watch({ prefix: "a/" });
  const from = await watch.begun();
  await kv.put("a/1", "one");
  await kv.put("b/1", "not mine");
  await kv.delete("a/1");
  expect(await take(watch, 2)).toEqual([`${from} put a/1=one`, `${from + 2} delete a/1=`]);
});

test("a key, a prefix and a range each tell their own, filters leave the others away", async () => {
  const fake = await daemon();
  const one = client(fake);
  const first = fake.happen("put", "a", "1");
  fake.happen("put", "a\0", "2");
  fake.happen("put", "ab", "3");
  fake.happen("delete", "b");
  const events = async (...watch: Parameters<Client["watch"]>): Promise<string[]> => {
    for await (const batch of one.watch(watch[0], { fromIndex: first, ...watch[1] }).batches()) return batch.events.map(shown);
    return [];
  };
  expect(await events({ key: "a" })).toEqual([`${first} put a=1`]);
  expect(await events({ key: utf8("a") }, { keysOnly: true })).toEqual([`${first} put a=`]);
  expect(await events({ prefix: "a" })).toHaveLength(3);
  expect(await events({ start: "ab" })).toEqual([`${first + 2} put ab=3`, `${first + 3} delete b=`]);
  expect(await events({}, { only: "deletes" })).toEqual([`${first + 3} delete b=`]);
  expect(await events({ end: "ab" }, { only: "puts" })).toHaveLength(2);
});

test("when connections break it goes on from where it was: no gap and no repetition (S109)", async () => {
  const fake = await daemon();
  const watch = client(fake).watch({ prefix: "k" }, { fromIndex: 1 });
  const told: string[] = [];
  const done = (async () => {
    for await (const event of watch) {
      told.push(utf8Text(event.key)!);
      if (told.length === 30) break;
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    for (let number = 0; number < 10; number += 1) fake.happen("put", `k${round * 10 + number}`);
    await expect.poll(() => told.length).toBe(10 * (round + 1));
    if (round < 2) await fake.restart();
  }
  await done;
  expect(told).toEqual(Array.from({ length: 30 }, (_, number) => `k${number}`));
});

test("a node that is gone for good is left for another one, which is asked from where the first one ended", async () => {
  const [first, second] = [await daemon("n1"), await daemon("n2")];
  for (const fake of [first, second]) fake.happen("put", "k", "1");
  const watch = client(first, second).watch({ key: "k" }, { fromIndex: first.index });
  const events = watch[Symbol.asyncIterator]();
  expect(shown((await events.next()).value!)).toBe("101 put k=1");
  await first.stop();
  second.happen("put", "k", "2");
  expect(shown((await events.next()).value!)).toBe("102 put k=2");
  expect(watchRequests(second).every(({ fromIndex }) => fromIndex === 102)).toBe(true);
  await events.return();
});

test("what one node has compacted another one may still have: the others are asked once before it is COMPACTED", async () => {
  const [first, second] = [await daemon("n1"), await daemon("n2")];
  for (const fake of [first, second]) fake.happen("put", "k", "1");
  first.firstRetained = 102;
  expect(await take(client(first, second).watch({ key: "k" }, { fromIndex: 50 }), 1)).toEqual(["101 put k=1"]);
  second.firstRetained = 99;
  const error = await take(client(first, second).watch({ key: "k" }, { fromIndex: 50 }), 1).then(() => undefined, toRaftctlError);
  expect(error).toMatchObject({ code: "COMPACTED", exit: 4, details: { firstRetained: "102" } });
});

test("a node that knows no leader hears of nothing new: the next address is asked", async () => {
  const [first, second] = [await daemon("n1"), await daemon("n2")];
  first.watchLeader = undefined;
  second.happen("put", "k", "1");
  expect(await take(client(first, second).watch({ key: "k" }, { fromIndex: 101, progressMs: 20 }), 1)).toEqual(["101 put k=1"]);
});

test("refusals that pass by are waited out; before the first answer they are the watch's error", async () => {
  const fake = await daemon();
  fake.watchFaults.push(new RaftctlError("BUSY", "too many wait"));
  const refused = await take(client(fake).watch({ key: "k" }, { fromIndex: 1 }), 1).then(() => undefined, toRaftctlError);
  expect(refused?.code).toBe("BUSY");
  const watch = client(fake).watch({ key: "k" }, { fromIndex: 1 });
  fake.happen("put", "k", "1");
  const events = watch[Symbol.asyncIterator]();
  await events.next();
  fake.watchFaults.push(new RaftctlError("BUSY", "too many wait"), new RaftctlError("STOPPED", "stopping"));
  fake.happen("put", "k", "2");
  expect(shown((await events.next()).value!)).toBe("102 put k=2");
  await events.return();
});

test("progress is told when it is asked for, with the index to go on from", async () => {
  const fake = await daemon();
  const batches: WatchBatch[] = [];
  for await (const batch of client(fake).watch({ key: "k" }, { fromIndex: 1, progressMs: 20 }).batches()) {
    batches.push(batch);
    if (batches.length === 1) fake.happen("put", "other");
    if (batches.length === 2) break;
  }
  expect(batches.map(({ events, nextIndex }) => [events.length, nextIndex])).toEqual([[0, 101], [0, 102]]);
});

test("breaking off, closing and `await using` end the waiting; a signal ends it with its reason", async () => {
  const fake = await daemon();
  const one = client(fake);
  const closed = one.watch({ key: "k" });
  const ended = take(closed, 1);
  await expect.poll(() => watchRequests(fake).length).toBe(1);
  closed.close();
  expect(await ended).toEqual([]);
  const controller = new AbortController();
  const aborted = take(one.watch({ key: "k" }, { signal: controller.signal }), 1).then(() => undefined, (error: unknown) => error);
  await expect.poll(() => watchRequests(fake).length).toBe(2);
  controller.abort(new Error("enough"));
  expect(await aborted).toMatchObject({ message: "enough" });
  let disposed: Promise<string[]>;
  {
    await using watch = one.watch({ key: "k" }, { fromIndex: 1 });
    disposed = take(watch, 1);
  }
  expect(await disposed).toEqual([]);
});

test("a client that is closed ends its watches with STOPPED, and a watch that was never iterated harms nobody", async () => {
  const fake = await daemon();
  const one = client(fake);
  const watching = take(one.watch({ key: "k" }, { fromIndex: 1 }), 1).then(() => undefined, toRaftctlError);
  await expect.poll(() => watchRequests(fake).length).toBe(1);
  one.close();
  expect((await watching)?.code).toBe("STOPPED");
  await fake.stop();
  one.watch({ key: "k" });
  expect(() => one.watch({ key: "" })).toThrow("the key to watch is empty");
  expect(() => one.watch({ key: "k" }, { fromIndex: 0 })).toThrow("a watch from index 0");
  expect(() => one.watch({ key: "k" }, { progressMs: 0 })).toThrow("progress every 0 ms");
});

test("a list and the watch behind it are one copy of the data, also when the list has several pages, somebody writes in between, and it has to begin again", async () => {
  const fake = await daemon();
  const one = client(fake);
  for (const name of ["a", "b", "c", "d"]) await one.kv.put(`k/${name}`, "old");
  fake.pageMax = 2;
  const writing = client(fake);
  let pages = 0;
  // Between the first page and the second one a key of each is changed and one is deleted; the first time the node forgets what it held.
  fake.onPage = async () => {
    pages += 1;
    if (pages === 1) fake.views.clear();
    if (pages !== 2) return;
    await writing.kv.put("k/a", "new");
    await writing.kv.delete("k/d");
  };
  const { records, index, watch } = await one.listAndWatch({ prefix: "k/" });
  expect(records.map(({ key, value }) => `${utf8Text(key)}=${utf8Text(value)}`)).toEqual(["k/a=old", "k/b=old", "k/c=old", "k/d=old"]);
  expect([pages, index, await watch.begun()]).toEqual([2, fake.index - 2, index + 1]);
  expect(await take(watch, 2)).toEqual([`${index + 1} put k/a=new`, `${index + 2} delete k/d=`]);
});
