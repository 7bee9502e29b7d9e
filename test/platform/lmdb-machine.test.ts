import { afterAll, expect, test } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 as zlibCrc32 } from "node:zlib";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import type { Store } from "../../src/machine/store.ts";
import { openLmdbStore } from "../../src/platform/lmdb-store.ts";
import type { Command } from "../../src/wire/command.ts";
import { asyncOf, stateOf, entryOf, hex, stamp } from "../machine/bytes-of.ts";

const root = mkdtempSync(join(tmpdir(), "raftctl-lmdb-machine-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const crc32 = (bytes: Uint8Array, seed = 0) => zlibCrc32(bytes, seed);

async function lmdbMachine(directory: string): Promise<{ machine: Machine; store: Store }> {
  const { store } = await openLmdbStore({ directory: join(root, directory), bootId: "boot-1" });
  return { machine: new Machine({ store, crc32 }), store };
}

function entriesOf(seed: number, count: number): AppliedEntry[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, (_, index) => {
    const entry = entryOf(index + 1, randomCommand(prng));
    // As it comes from a log or a socket: a Buffer, whose methods differ.
    return { ...entry, data: Buffer.from(entry.data) };
  });
}

function randomCommand(prng: Prng): Command {
  const key = utf8(`k${prng.integer(0, 300)}`);
  const session = prng.chance(0.8) ? stamp(prng.integer(1, 20), prng.integer(1, 90)) : undefined;
  const wantPrevious = prng.chance(0.3);
  if (prng.chance(0.02)) return { operation: "deleteRange", start: key, end: utf8(`k${prng.integer(0, 300)}`), session };
  const condition = prng.chance(0.2) ? { kind: "version" as const, version: prng.integer(0, 2) } : undefined;
  if (prng.chance(0.2)) return { operation: "delete", key, condition, wantPrevious, session };
  const size = prng.chance(0.02) ? prng.integer(5000, 100_000) : prng.integer(0, 300);
  return { operation: "put", key, value: new Uint8Array(size).fill(prng.integer(0, 255)), condition, wantPrevious, session };
}

function imageOf(machine: Machine): string {
  const image = machine.image();
  const bytes = concatBytes([...image.chunks()]);
  image.close();
  return hex(bytes);
}

test("a machine over LMDB and one in memory give the same answers, digest and image, across restarts (S42, H36, H38)", async () => {
  const entries = entriesOf(3, 3000);
  const memory = new Machine({ store: new MemoryStore() });
  const wanted = entries.map((entry) => memory.apply(entry));
  let { machine, store } = await lmdbMachine("twins");
  const given: (Uint8Array | undefined)[] = [];
  for (let start = 0; start < entries.length; start += 64) {
    if (start % 640 === 0) {
      await store.close();
      ({ machine, store } = await lmdbMachine("twins"));
    }
    given.push(...machine.applyBatch(entries.slice(start, start + 64)));
  }
  expect(given.map((result) => hex(result!))).toEqual(wanted.map((result) => hex(result!)));
  expect(machine.digest()).toBe(memory.digest());
  expect(imageOf(machine)).toBe(imageOf(memory));
  await store.close();
});

test("an image moves from LMDB to LMDB while the source goes on, and stays where it arrives (H35, H36, S114)", async () => {
  const entries = entriesOf(4, 2000);
  const source = await lmdbMachine("source");
  source.machine.applyBatch(entries.slice(0, 1000));
  const digest = source.machine.digest();
  const target = await lmdbMachine("target");
  target.machine.applyBatch(entries.slice(0, 10));
  const image = source.machine.image();
  async function* whileApplying(): AsyncGenerator<Uint8Array> {
    let index = 1000;
    for (const chunk of image.chunks()) {
      source.machine.applyBatch(entries.slice(index, index + 100));
      index += 100;
      await new Promise((resolve) => setImmediate(resolve));
      yield new Uint8Array(chunk);
    }
  }
  await target.machine.restore(image, whileApplying());
  image.close();
  expect([target.machine.lastApplied, target.machine.digest()]).toEqual([1000, digest]);
  await target.store.close();
  const reopened = await lmdbMachine("target");
  expect([reopened.machine.lastApplied, reopened.machine.digest()]).toEqual([1000, digest]);
  reopened.machine.applyBatch(entries.slice(1000));
  source.machine.applyBatch(entries);
  expect(reopened.machine.digest()).toBe(source.machine.digest());
  expect(stateOf(reopened.store)).toEqual(stateOf(source.store));
  await source.store.close();
  await reopened.store.close();
});

test("a snapshot that breaks off on its way in leaves the machine as it was", async () => {
  const entries = entriesOf(5, 600);
  const source = await lmdbMachine("whole");
  source.machine.applyBatch(entries);
  const target = await lmdbMachine("interrupted");
  target.machine.applyBatch(entries.slice(0, 100));
  const before = imageOf(target.machine);
  const image = source.machine.image();
  const bytes = concatBytes([...image.chunks()]);
  image.close();
  await expect(target.machine.restore(image, asyncOf([bytes.subarray(0, bytes.length - 1)]))).rejects.toThrow("ends early");
  expect(imageOf(target.machine)).toBe(before);
  target.machine.applyBatch(entries);
  expect(target.machine.digest()).toBe(source.machine.digest());
  await source.store.close();
  await target.store.close();
});

test("a store that is closed while its image is being read ends the reading with an error: half a snapshot never looks whole (H33)", async () => {
  const { machine, store } = await lmdbMachine("closed");
  const entries = Array.from({ length: 100 }, (_, index) => entryOf(index + 1, { operation: "put", key: utf8(`k${index}`), value: new Uint8Array(8_000), condition: undefined, wantPrevious: false, session: undefined }));
  machine.applyBatch(entries);
  const chunks = machine.image().chunks()[Symbol.iterator]();
  chunks.next();
  await store.close();
  expect(() => {
    while (chunks.next().done !== true);
  }).toThrow(expect.objectContaining({ code: "STOPPED" }) as Error);
});
