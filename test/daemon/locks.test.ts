// Locks and elections of the client library against a real cluster in this process (docs/locks.md).

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { Client } from "../../src/client/client.ts";
import type { Leader } from "../../src/client/leader.ts";
import type { Lock } from "../../src/client/lock.ts";
import { startCluster } from "./support/cluster.ts";

const ttlMs = 30_000;

async function started(): Promise<{ client: Client; other: () => Client; [Symbol.asyncDispose](): Promise<void> }> {
  const fixture = await startCluster(1);
  const [node] = fixture.cluster.nodes;
  return { client: fixture.client(node!), other: () => fixture.client(node!), [Symbol.asyncDispose]: async () => fixture[Symbol.asyncDispose]() };
}

/** The values of those who are in the queue, in the order of their tokens. */
async function queued(client: Client, prefix = "locks/x/"): Promise<string[]> {
  const { records } = await client.kv.prefix(prefix);
  return records.toSorted((left, right) => left.createIndex - right.createIndex).map(({ value }) => Buffer.from(value).toString());
}

async function leaseCount(client: Client): Promise<number> {
  let count = 0;
  for await (const _lease of client.leases.list()) count += 1;
  return count;
}

test("a lock has one holder at a time, in the order in which they asked, and each token is larger than the one before (H24)", async () => {
  await using fixture = await started();
  const turns: string[] = [];
  const tokens: number[] = [];
  let holders = 0;
  const take = async (value: string): Promise<void> => {
    const lock = await fixture.other().lock("x", { ttlMs, value });
    holders += 1;
    expect(holders).toBe(1);
    turns.push(value);
    tokens.push(lock.token);
    await fixture.client.kv.put("work", value);
    holders -= 1;
    await lock.release();
  };
  const first = await fixture.client.lock("x", { ttlMs, value: "first" });
  const names = ["a", "b", "c", "d", "e", "f"];
  const takes: Promise<void>[] = [];
  for (const [place, name] of names.entries()) {
    takes.push(take(name));
    await expect.poll(() => queued(fixture.client)).toHaveLength(place + 2);
  }
  expect(turns).toEqual([]);
  await first.release();
  await Promise.all(takes);
  expect(turns).toEqual(names);
  expect([first.token, ...tokens]).toEqual([first.token, ...tokens].toSorted((left, right) => left - right));
  expect(new Set([first.token, ...tokens]).size).toBe(7);
  expect([await queued(fixture.client), await leaseCount(fixture.client)]).toEqual([[], 0]);
});

test("who waits is woken by the one directly before it and by nobody else, also when one in the middle gives up", async () => {
  await using fixture = await started();
  const [a, giveUp] = [await fixture.client.lock("x", { ttlMs, value: "a" }), new AbortController()];
  const b = fixture.other().lock("x", { ttlMs, value: "b", signal: giveUp.signal });
  await expect.poll(() => queued(fixture.client)).toEqual(["a", "b"]);
  let hasTurn = false;
  const c = fixture.other().lock("x", { ttlMs, value: "c" }).then((lock) => ((hasTurn = true), lock));
  await expect.poll(() => queued(fixture.client)).toEqual(["a", "b", "c"]);
  giveUp.abort();
  await expect(b).rejects.toMatchObject({ code: "CANCELLED", message: 'the caller gave up waiting for lock "x"' });
  expect(await queued(fixture.client)).toEqual(["a", "c"]);
  // A linearizable answer to a later question of the same client: it had the time to look again.
  await expect(fixture.other().lock("x", { ttlMs, waitMs: 0 })).rejects.toMatchObject({ code: "LOCKED" });
  expect(hasTurn).toBe(false);
  await a.release();
  await (await c).release();
  expect(await leaseCount(fixture.client)).toBe(0);
});

test("a wait that is over is LOCKED, names who holds it and leaves nothing behind; 0 tries once", async () => {
  await using fixture = await started();
  await using lock = await fixture.client.lock("x", { ttlMs, value: "the holder" });
  for (const waitMs of [0, 80]) {
    const error: unknown = await fixture.other().lock("x", { ttlMs, waitMs }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "LOCKED", exit: 6, message: `lock "x" is held by the holder, with token ${lock.token}`,
      details: { holder: "the holder", key: lock.key, token: String(lock.token) },
    });
  }
  expect([await queued(fixture.client), await leaseCount(fixture.client)]).toEqual([["the holder"], 1]);
  const next = fixture.other().lock("x", { ttlMs, waitMs: 20_000 });
  await expect.poll(() => queued(fixture.client)).toHaveLength(2);
  await lock.release();
  expect(await (await next).release()).toBeUndefined();
  expect(await (await fixture.other().lock("x", { ttlMs, waitMs: 0 })).release()).toBeUndefined();
});

test("locks whose names begin alike have nothing to do with each other, and what is no name or wait is refused at the door", async () => {
  await using fixture = await started();
  await fixture.client.kv.put("locks/x/readme", "by hand");
  await fixture.client.kv.put("locks/x/00000000000000ag", "by hand");
  const below = await fixture.client.lock("x/00000000000000aa", { ttlMs, waitMs: 0 });
  const above = await fixture.client.lock("x", { ttlMs, waitMs: 0 });
  expect(below.key).toMatch(/^locks\/x\/00000000000000aa\/[0-9a-f]{16}$/);
  await Promise.all([below.release(), above.release()]);
  await expect(fixture.client.lock("")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(fixture.client.lock("x", { waitMs: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(fixture.client.lock("x", { ttlMs: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(fixture.client.lock("n".repeat(2_000), { ttlMs })).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(await leaseCount(fixture.client)).toBe(0);
});

test("the token of a holder that was deposed is refused by a transaction with its guard, that of the holder is taken (H24)", async () => {
  await using fixture = await started();
  const { client } = fixture;
  const old = await fixture.other().lock("x", { ttlMs });
  const write = (lock: Lock, value: string): Promise<{ readonly succeeded: boolean | undefined }> =>
    client.kv.txn({ compare: [lock.guard()], then: [{ op: "put", key: "resource", value }] });
  expect(await write(old, "1")).toMatchObject({ succeeded: true });
  await client.leases.revoke(BigInt(`0x${old.key.slice(-16)}`));
  const next = await fixture.other().lock("x", { ttlMs });
  expect(next.token).toBeGreaterThan(old.token);
  expect(await write(old, "late")).toMatchObject({ succeeded: false });
  expect(await write(next, "2")).toMatchObject({ succeeded: true });
  expect(Buffer.from((await client.kv.get("resource")).record!.value).toString()).toBe("2");
  await expect(old.release()).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  await next.release();
});

test("a guard of a place that was deleted and put again by hand does not hold: the token counts, not the key", async () => {
  await using fixture = await started();
  const lock = await fixture.client.lock("x", { ttlMs });
  await fixture.client.kv.delete(lock.key);
  await fixture.client.kv.put(lock.key, "a forgery");
  expect(await fixture.client.kv.txn({ compare: [lock.guard()], then: [{ op: "put", key: "resource", value: "late" }] })).toMatchObject({ succeeded: false });
  await expect(lock.release()).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
});

test("a holder whose key somebody deletes, or whose lease somebody revokes, is told without waiting for a keep-alive, and the next has its turn (H24)", async () => {
  await using fixture = await started();
  const ended: Readonly<Record<string, (lock: Lock) => Promise<unknown>>> = {
    deleted: ({ key }) => fixture.client.kv.delete(key),
    revoked: ({ key }) => fixture.client.leases.revoke(BigInt(`0x${key.slice(-16)}`)),
  };
  for (const [value, end] of Object.entries(ended)) {
    const lock = await fixture.other().lock("x", { ttlMs, value });
    const lost = new Promise<void>((resolve) => lock.lost.addEventListener("abort", () => resolve(), { once: true }));
    await end(lock);
    await lost;
    expect([lock.remainingMs, lock.lost.reason]).toMatchObject([0, { code: "LEASE_NOT_FOUND", details: { key: lock.key } }]);
    await using next = await fixture.other().lock("x", { ttlMs });
    expect(next.token).toBeGreaterThan(lock.token);
    await expect.poll(() => leaseCount(fixture.client)).toBe(1);
  }
});

test("who gives a lock back has not lost it", async () => {
  await using fixture = await started();
  const lock = await fixture.client.lock("x", { ttlMs });
  await lock.release();
  // By then the end of the key would have been told.
  const events = fixture.client.watch({ key: lock.key }, { fromIndex: lock.token, only: "deletes" })[Symbol.asyncIterator]();
  await events.next();
  await events.return();
  await fixture.client.kv.get("x");
  expect(lock.lost.aborted).toBe(false);
});

test("a holder whose keep-alives reach nobody knows that the lock is lost before its key is gone, and the next has it after that (H24)", async () => {
  await using fixture = await started();
  const holder = fixture.other();
  const lock = await holder.lock("x", { ttlMs: 900, value: "a" });
  const next = fixture.client.lock("x", { ttlMs, value: "b" });
  await expect.poll(() => queued(fixture.client)).toEqual(["a", "b"]);
  let wasThere: Promise<string[]> | undefined;
  const lost = new Promise<void>((resolve) => lock.lost.addEventListener("abort", () => {
    wasThere = queued(fixture.client);
    resolve();
  }));
  // What the port of its lease asks for from now on fails as it does when nobody can be reached.
  holder.leases.keepAlive = () => Promise.reject(new Error("cut off"));
  await lost;
  expect(await wasThere).toEqual(["a", "b"]);
  expect([lock.remainingMs, lock.lost.reason]).toMatchObject([0, { code: "LEASE_NOT_FOUND" }]);
  const { token } = await next;
  expect(token).toBeGreaterThan(lock.token);
  await (await next).release();
});

test("who loses its place while it waits is told so, and does not wait on", async () => {
  await using fixture = await started();
  await using first = await fixture.client.lock("x", { ttlMs, value: "a" });
  const waiting = fixture.other().lock("x", { ttlMs: 900, value: "b" });
  waiting.catch(() => undefined);
  await expect.poll(() => queued(fixture.client)).toEqual(["a", "b"]);
  const [, own] = (await fixture.client.kv.prefix("locks/x/")).records.toSorted((left, right) => left.createIndex - right.createIndex);
  await fixture.client.leases.revoke(BigInt(`0x${Buffer.from(own!.key).toString().slice(-16)}`));
  await expect(waiting).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  expect(await queued(fixture.client)).toEqual([first.value]);
});

test("a place that was deleted by hand is never taken for a turn", async () => {
  await using fixture = await started();
  const first = await fixture.client.lock("x", { ttlMs, value: "a" });
  const waiting = fixture.other().lock("x", { ttlMs, value: "b" });
  waiting.catch(() => undefined);
  await expect.poll(() => queued(fixture.client)).toEqual(["a", "b"]);
  const [, own] = (await fixture.client.kv.prefix("locks/x/")).records.toSorted((left, right) => left.createIndex - right.createIndex);
  await fixture.client.kv.delete(own!.key);
  await first.release();
  await expect(waiting).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", message: expect.stringContaining("somebody has deleted locks/x/") as string });
  expect(await leaseCount(fixture.client)).toBe(0);
});

test("a put whose outcome is unknown is repeated, and one that counted already is no conflict", async () => {
  await using fixture = await started();
  const { client } = fixture;
  const put = client.kv.put.bind(client.kv);
  let lostAnswers = 2;
  client.kv.put = async (...args) => {
    const receipt = await put(...args);
    lostAnswers -= 1;
    if (lostAnswers >= 0) throw new RaftctlError("UNKNOWN_OUTCOME", "the answer was lost");
    return receipt;
  };
  const lock = await client.lock("x", { ttlMs, waitMs: 0 });
  const { record } = await client.kv.get(lock.key);
  expect([record?.createIndex, record?.version, await leaseCount(client)]).toEqual([lock.token, 1, 1]);
  await lock.release();
});

test("an election tells its observers the leader now and each one after it, and nobody in between", async () => {
  await using fixture = await started();
  const observer = fixture.other().leaders("e");
  const told = async (): Promise<Leader | undefined> => (await observer.next()).value as Leader | undefined;
  expect(await told()).toBeUndefined();
  expect(await fixture.client.leader("e")).toBeUndefined();
  const one = await fixture.client.elect("e", "one", { ttlMs });
  expect(await told()).toMatchObject({ key: one.key, value: Buffer.from("one"), token: one.token });
  const two = fixture.other().elect("e", "two", { ttlMs });
  await expect.poll(() => queued(fixture.client, "elections/e/")).toEqual(["one", "two"]);
  expect(await fixture.client.leader("e")).toMatchObject({ value: Buffer.from("one"), token: one.token });
  await one.release();
  const { token, key } = await two;
  expect(await told()).toMatchObject({ key, value: Buffer.from("two"), token });
  expect(key).toMatch(/^elections\/e\/[0-9a-f]{16}$/);
  await (await two).release();
  expect(await told()).toBeUndefined();
  await observer.return();
});
