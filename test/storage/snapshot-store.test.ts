import { expect, test } from "vitest";
import { concatBytes } from "../../src/base/bytes.ts";
import { parseRegionId, type ClusterId, type NodeId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Membership } from "../../src/raft/membership.ts";
import type { SnapshotMeta } from "../../src/raft/message.ts";
import { SnapshotStore, type SnapshotStoreOptions } from "../../src/storage/snapshot-store.ts";
import { FaultyDisk, type FaultKind } from "./faulty-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { crc32, owner, region } from "./wal/fixtures.ts";

const directory = "/data/regions/1/snapshots";
const voter = "12345678901234567890" as NodeId;
const membership: Membership = {
  voters: [voter], votersOutgoing: [], learners: [], learnersNext: [],
  members: [{ id: voter, name: "n1", peerAddress: "h:1", clientAddress: "h:2", incarnation: 1, masterEligible: true }],
};

function meta(index: number, term = 1): SnapshotMeta {
  return { index, term, membership };
}

function open(disk: SnapshotStoreOptions["disk"], changes: Partial<SnapshotStoreOptions> = {}): Promise<SnapshotStore> {
  return SnapshotStore.open({ disk, directory, crc32, clusterId: owner.clusterId, region, logger: silentLogger, ...changes });
}

function content(pieces: number, bytes: number): Uint8Array[] {
  return Array.from({ length: pieces }, (_, piece) => Uint8Array.from({ length: bytes }, (__, place) => (piece * 17 + place * 3) % 256));
}

async function read(store: SnapshotStore, info = store.latest!): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.chunks(info)) pieces.push(piece);
  return concatBytes(pieces);
}

async function raw(store: SnapshotStore, piece = 100): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < store.latest!.bytes; offset += piece) pieces.push(await store.readRaw(store.latest!, offset, piece));
  return concatBytes(pieces);
}

test("a snapshot has its content, position and membership, also after a restart (S106)", async () => {
  const disk = new MemoryDisk();
  const store = await open(disk);
  expect(store.latest).toBeUndefined();
  const pieces = [...content(3, 400), new Uint8Array(0), ...content(1, 2_500_000)];
  const info = await store.write(meta(7, 2), pieces);
  expect(info).toMatchObject({ index: 7, term: 2, membership, path: `${directory}/0000000000000007-0000000000000002.snapshot` });
  const again = await open(disk.copy());
  expect(again.latest).toEqual(info);
  expect(await read(again)).toEqual(concatBytes(pieces));
});

test("the membership comes back with the replacements that are under way (N9)", async () => {
  const disk = new MemoryDisk();
  const replacing = { ...membership, replacements: [{ id: "40213377", leaving: voter, newcomer: "n9" }] };
  await (await open(disk)).write({ ...meta(3), membership: replacing }, content(1, 10));
  expect((await open(disk.copy())).latest?.membership).toEqual(replacing);
});

test("an empty state and an asynchronous stream are snapshots too", async () => {
  const store = await open(new MemoryDisk());
  await store.write(meta(1), []);
  expect(await read(store)).toHaveLength(0);
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* content(2, 10);
  }
  await store.write(meta(2), stream());
  expect(await read(store)).toEqual(concatBytes(content(2, 10)));
});

test("each single-bit flip and each truncation of a snapshot is refused (T21, H42)", async () => {
  const disk = new MemoryDisk();
  const { path } = await (await open(disk)).write(meta(7, 2), content(2, 30));
  const bytes = disk.files().get(path)!;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = bytes.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    const damaged = disk.copy();
    damaged.plant(path, copy);
    await expect(open(damaged)).rejects.toMatchObject({ code: "CORRUPT" });
  }
  for (const length of [...Array.from({ length: bytes.length }, (_, size) => size), bytes.length + 1]) {
    const damaged = disk.copy();
    const copy = new Uint8Array(length);
    copy.set(bytes.subarray(0, length));
    damaged.plant(path, copy);
    await expect(open(damaged)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining(path) as string });
  }
});

test("chunks that are left out, repeated or have changed places are refused (H42)", async () => {
  const disk = new MemoryDisk();
  const { path } = await (await open(disk)).write(meta(7, 2), content(4, 100));
  const bytes = disk.files().get(path)!;
  const header = bytes.length - 4 * 108 - 24;
  const part = (chunk: number): Uint8Array => bytes.subarray(header + chunk * 108, header + (chunk + 1) * 108);
  for (const order of [[0, 1, 3], [0, 1, 1, 2, 3], [1, 0, 2, 3], [0, 1, 2], []]) {
    disk.plant(path, concatBytes([bytes.subarray(0, header), ...order.map(part), bytes.subarray(header + 4 * 108)]));
    await expect(open(disk.copy())).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("a received snapshot equals the sent one byte for byte and resumes where it stopped", async () => {
  const source = await open(new MemoryDisk());
  await source.write(meta(9, 3), content(5, 333));
  const bytes = await raw(source);
  const store = await open(new MemoryDisk());
  const first = await store.receive(meta(9, 3));
  await first.write(0, bytes.subarray(0, 700));
  await expect(first.write(0, bytes.subarray(0, 700))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  await expect(first.write(800, bytes.subarray(800))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  const resumed = await store.receive(meta(9, 3));
  expect(resumed.nextOffset).toBe(700);
  await resumed.write(700, bytes.subarray(700));
  const info = await resumed.finish();
  expect({ ...info, path: "" }).toEqual({ ...source.latest!, path: "" });
  expect([await raw(store), store.latest]).toEqual([bytes, info]);
  await expect(resumed.write(bytes.length, bytes)).rejects.toMatchObject({ code: "STOPPED" });
});

test("a received file that is damaged, cut, of another position, membership, region or cluster is refused and removed (H35, S79)", async () => {
  const source = await open(new MemoryDisk());
  await source.write(meta(9, 3), content(5, 100));
  const bytes = await raw(source);
  const flipped = bytes.slice();
  flipped[300]! ^= 1;
  const cases: readonly [Uint8Array, SnapshotMeta, Partial<SnapshotStoreOptions>][] = [
    [flipped, meta(9, 3), {}],
    [bytes.subarray(0, -1), meta(9, 3), {}],
    [concatBytes([bytes, new Uint8Array(1)]), meta(9, 3), {}],
    [bytes, meta(10, 3), {}],
    [bytes, meta(9, 2), {}],
    [bytes, { ...meta(9, 3), membership: { ...membership, voters: [] } }, {}],
    [bytes, meta(9, 3), { region: parseRegionId(2) }],
    [bytes, meta(9, 3), { clusterId: "ff".repeat(16) as ClusterId }],
  ];
  for (const [sent, announced, changes] of cases) {
    const disk = new MemoryDisk();
    const store = await open(disk, changes);
    const receiver = await store.receive(announced);
    await receiver.write(0, sent);
    await expect(receiver.finish()).rejects.toMatchObject({ code: "CORRUPT" });
    expect([store.latest, await disk.readDirectory(directory)]).toEqual([undefined, []]);
  }
});

test("another snapshot ends an unfinished transfer, and a restart removes what is unfinished", async () => {
  const disk = new MemoryDisk();
  const store = await open(disk);
  const old = await store.receive(meta(9));
  await old.write(0, new Uint8Array(10));
  const next = await store.receive(meta(12));
  expect([old.open, next.nextOffset, (await disk.readDirectory(directory)).length]).toEqual([false, 0, 1]);
  await open(disk);
  expect(await disk.readDirectory(directory)).toEqual([]);
});

test("prune keeps the newest, and a file as long as somebody reads it", async () => {
  const disk = new MemoryDisk();
  const store = await open(disk);
  for (const index of [1, 2, 3, 4]) await store.write(meta(index), content(2, 50));
  const names = async (): Promise<number[]> => (await disk.readDirectory(directory)).map((name) => Number(name.slice(0, 16)));
  await store.prune(3);
  expect(await names()).toEqual([2, 3, 4]);
  const reading = store.chunks(store.latest!);
  await reading.next();
  const lent = store.latest!;
  await store.write(meta(5), content(1, 10));
  await store.prune(1);
  expect(await names()).toEqual([4, 5]);
  await reading.return();
  await store.readRaw(lent, 0, 10);
  await store.prune(1);
  expect(await names()).toEqual([4, 5]);
  await store.readRaw(lent, 10, lent.bytes);
  await store.prune(1);
  expect(await names()).toEqual([5]);
  await expect(store.readRaw(lent, 0, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a snapshot of a lower index never takes the place of a newer one (H33)", async () => {
  const store = await open(new MemoryDisk());
  await store.write(meta(9), []);
  await store.write(meta(4), []);
  expect(store.latest!.index).toBe(9);
});

for (const kind of ["EIO", "ENOSPC", "short"] as const satisfies readonly FaultKind[]) {
  test(`${kind} at each call while a snapshot is written or received leaves the one before it usable (H43, H45)`, async () => {
    const source = await open(new MemoryDisk());
    await source.write(meta(2), content(3, 200));
    const bytes = await raw(source);
    let failures = 0;
    for (let nth = 1; nth <= 60; nth += 1) {
      const memory = new MemoryDisk();
      await (await open(memory)).write(meta(1), content(1, 10));
      const disk = new FaultyDisk(memory, { fault: (call) => (call.number === nth ? kind : undefined) });
      const outcome = await (async () => {
        const store = await open(disk);
        const receiver = await store.receive(meta(2));
        await receiver.write(0, bytes);
        await receiver.finish();
        await store.write(meta(3), content(2, 300));
        return "done";
      })().catch(() => "failed");
      if (outcome === "failed") failures += 1;
      const found = await open(memory.copy());
      expect(found.latest!.index).toBeGreaterThanOrEqual(outcome === "done" ? 3 : 1);
      await read(found);
    }
    expect(failures).toBeGreaterThan(15);
  });
}
