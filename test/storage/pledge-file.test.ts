// For how long a node may have pledged not to vote, across restarts (H24).

import { expect, test } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { Prng } from "../../src/base/prng.ts";
import { layout } from "../../src/storage/data-dir.ts";
import { openPledgeFile } from "../../src/storage/pledge-file.ts";
import { VirtualClock } from "../host/support/virtual-clock.ts";
import { FaultyDisk } from "./faulty-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { crc32 } from "./wal/fixtures.ts";

const directory = "/var/lib/node";

/** A node that starts again and again. */
class Node {
  readonly clock = new VirtualClock();
  disk: MemoryDisk;
  readonly warnings: string[] = [];
  #close: (() => void) | undefined;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  static async fresh(): Promise<Node> {
    const disk = new MemoryDisk();
    await disk.makeDirectory(directory);
    return new Node(disk);
  }

  /** @returns what an earlier run may have pledged. */
  async start(durationMs: number | undefined, disk: ConstructorParameters<typeof FaultyDisk>[0] | FaultyDisk = this.disk): Promise<number | undefined> {
    this.#close?.();
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void this.warnings.push(message) };
    const { earlierMs, close } = await openPledgeFile({ disk, directory, crc32, clock: this.clock, logger }, durationMs);
    this.#close = close;
    return earlierMs;
  }
}

test("a node that never pledges leaves no file, and one that does finds at its next start for how long (H24)", async () => {
  const node = await Node.fresh();
  expect(await node.start(undefined)).toBeUndefined();
  expect([...node.disk.files().keys()]).toEqual([]);
  expect(await node.start(1_000)).toBeUndefined();
  node.disk = node.disk.crashed(new Prng(1));
  expect(await node.start(1_000)).toBe(1_000);
});

test("a longer pledge is durable before it can be given, a shorter one only when what was pledged before is over (H24)", async () => {
  const node = await Node.fresh();
  await node.start(1_000);
  expect(await node.start(3_000)).toBe(1_000);
  node.disk = node.disk.crashed(new Prng(2));
  expect(await node.start(500)).toBe(3_000);
  await node.clock.advance(2_999);
  expect(await node.start(500)).toBe(3_000);
  await node.clock.advance(2_999);
  expect(await node.start(undefined)).toBe(3_000);
  await node.clock.advance(3_000);
  expect([...node.disk.files().keys()]).toEqual([]);
  expect(await node.start(500)).toBeUndefined();
});

test("after the time of the longer pledge the shorter one stands alone (H24)", async () => {
  const node = await Node.fresh();
  await node.start(3_000);
  await node.start(500);
  await node.clock.advance(3_000);
  node.disk = node.disk.crashed(new Prng(3));
  expect(await node.start(500)).toBe(500);
});

test("a file that cannot be lowered is said, and keeps the node patient (H24, H43)", async () => {
  const node = await Node.fresh();
  await node.start(3_000);
  await node.start(500, new FaultyDisk(node.disk, { fault: ({ operation }) => (operation === "rename" ? "EIO" : undefined) }));
  await node.clock.advance(3_000);
  await node.clock.until(() => node.warnings.length > 0, "the warning");
  expect(await node.start(500)).toBe(3_000);
});

test("each single-bit flip of the file is refused, with what to do (T21)", async () => {
  const node = await Node.fresh();
  await node.start(1_000);
  const path = layout.pledge(directory);
  const bytes = node.disk.files().get(path)!;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = bytes.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    node.disk.plant(path, copy);
    await expect(node.start(1_000)).rejects.toMatchObject({ code: "CORRUPT", hint: expect.stringContaining("remove the file") as string });
  }
});
