// Exports that are under way: few, in order, given up when nobody reads, of one moment, and held in memory piece by piece.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { defer } from "../../../src/base/deferred.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { giveWayMs, quietMs } from "../../../src/daemon/backup/export-session.ts";
import { portablePorts } from "../../../src/daemon/backup/portable-codecs.ts";
import { exportSilenceMs, SnapshotExports } from "../../../src/daemon/backup/snapshot-exports.ts";
import { snapshotPieceBytesMax } from "../../../src/wire/snapshot-export.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Compression, PortablePorts } from "../../../src/storage/portable/portable-ports.ts";
import { openLmdbStore } from "../../../src/platform/lmdb-store.ts";
import { codeOf, votersOf } from "../../host/support/members.ts";
import { entryOf, put } from "../../machine/bytes-of.ts";
import { heldBytes } from "../../platform/held-memory.ts";
import { settled, TurnClock } from "../../storage/turn-clock.ts";
import { clusterId, imageFile, machineOf } from "./backup-files.ts";
import { checkedRows } from "../../../src/daemon/backup/content-check.ts";

class Bench {
  readonly clock = new TurnClock();
  readonly exports: SnapshotExports;
  opened = 0;
  written = 0;
  closed = 0;

  constructor(machine: Machine, ports: PortablePorts = portablePorts) {
    const openImage = async () => {
      this.opened += 1;
      const image = machine.image();
      return { membership: votersOf(1), image: { ...image, close: () => ((this.closed += 1), image.close()) } };
    };
    this.exports = new SnapshotExports({ clock: this.clock, ports, owner: { clusterId, clusterIncarnation: 1, region: { id: globalRegion, name: "global" } }, written: () => this.written, openImage });
  }

  /** The whole file. */
  async file(compression: Compression = "none"): Promise<Uint8Array> {
    const { id } = await this.exports.open(compression);
    const whole = new Uint8Array(Buffer.concat(await all(this.pieces(id))));
    expect(this.exports.close(id)).toEqual({ wasOpen: true, sha256: createHash("sha256").update(whole).digest("hex") });
    return whole;
  }

  async *pieces(id: string): AsyncGenerator<Uint8Array> {
    for (let part = 0; ; part += 1) {
      const piece = await this.exports.read(id, part);
      if (piece.length === 0) return;
      yield piece;
    }
  }
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const piece of pieces) found.push(piece.slice());
  return found;
}

/** The collector gives buffers back beside the program: what is still counted the first time may be gone already. */
async function leastHeld(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let times = 0; times < 8; times += 1) {
    least = Math.min(least, heldBytes());
    await new Promise(setImmediate);
  }
  return least;
}

const small = (): Machine => machineOf([put("a", "1"), put("b", "2")]);

async function rowsOf(bytes: Uint8Array): Promise<number> {
  let rows = 0;
  for await (const _row of checkedRows(await imageFile(bytes))) rows += 1;
  return rows;
}

test("the pieces of an export are a portable file of the state, with and without compression", async () => {
  const bench = new Bench(small());
  for (const compression of ["none", "zstd"] as const) expect(await rowsOf(await bench.file(compression))).toBe(4);
  expect([bench.opened, bench.closed]).toEqual([2, 2]);
});

test("two nodes that have applied the same write the same bytes", async () => {
  const [one, other] = [await new Bench(small()).file(), await new Bench(small()).file()];
  expect(Buffer.from(one).equals(other)).toBe(true);
});

test("what is written while it is read is not in it: position and content are of one moment (H35)", async () => {
  const machine = small();
  const bench = new Bench(machine);
  const { id, header, keys } = await bench.exports.open("none");
  machine.apply(entryOf(3, put("c", "3"), 3));
  const pieces = await all(bench.pieces(id));
  expect([header.index, keys, header.stateDigest === machine.digest()]).toEqual([2, 2, false]);
  expect(await rowsOf(new Uint8Array(Buffer.concat(pieces)))).toBe(4);
});

test("two at a time; the third is told to wait, and one that was closed makes room", async () => {
  const bench = new Bench(small());
  const [first] = await Promise.all([bench.exports.open("none"), bench.exports.open("none")]);
  expect(await codeOf(bench.exports.open("none"))).toBe("BUSY");
  expect(bench.exports.close(first.id)).toEqual({ wasOpen: true, sha256: null });
  expect(bench.exports.close(first.id)).toEqual({ wasOpen: false, sha256: null });
  await bench.exports.open("none");
  expect(bench.closed).toBe(1);
});

test("three that ask at once are two that begin and one that is told to wait", async () => {
  const { exports } = new Bench(small());
  const codes = await Promise.all([1, 2, 3].map(() => codeOf(exports.open("none"))));
  expect(codes.toSorted()).toEqual(["BUSY", "resolved", "resolved"]);
});

test("a read that takes long is no silence", async () => {
  const slow = defer<Uint8Array>();
  const bench = new Bench(small(), { ...portablePorts, zstd: { ...portablePorts.zstd!, compress: () => slow.promise } });
  const { id } = await bench.exports.open("zstd");
  await bench.exports.read(id, 0);
  const reading = bench.exports.read(id, 1);
  await bench.clock.advance(2 * exportSilenceMs);
  slow.resolve(new Uint8Array(10));
  expect(await reading).toHaveLength(18);
  expect(bench.closed).toBe(0);
});

test("one that nobody reads from is given up, one that is read goes on", async () => {
  const bench = new Bench(small());
  const [read, silent] = [await bench.exports.open("none"), await bench.exports.open("none")];
  await bench.clock.advance(exportSilenceMs - 1);
  await bench.exports.read(read.id, 0);
  await bench.clock.advance(1);
  expect(bench.closed).toBe(1);
  expect(await codeOf(bench.exports.read(silent.id, 0))).toBe("STOPPED");
  await bench.clock.advance(exportSilenceMs - 2);
  await bench.exports.read(read.id, 1);
  await bench.clock.advance(exportSilenceMs);
  expect([bench.closed, bench.clock.armed]).toEqual([2, 0]);
});

test("pieces are asked for in order; anything else ends the export", async () => {
  const bench = new Bench(small());
  const { id } = await bench.exports.open("none");
  const [first, second] = [bench.exports.read(id, 0), bench.exports.read(id, 1)];
  expect((await first).length).toBeGreaterThan(0);
  expect((await second).length).toBeGreaterThan(0);
  expect(await codeOf(bench.exports.read(id, 3))).toBe("BAD_REQUEST");
  expect(await codeOf(bench.exports.read(id, 2))).toBe("STOPPED");
  expect(bench.closed).toBe(1);
});

test("a node that stops closes its exports first, also one that is just being opened", async () => {
  const bench = new Bench(small());
  const { id } = await bench.exports.open("none");
  const opening = bench.exports.open("none");
  bench.exports.stop();
  expect(await codeOf(opening)).toBe("STOPPED");
  expect(await codeOf(bench.exports.read(id, 0))).toBe("STOPPED");
  expect(await codeOf(bench.exports.open("none"))).toBe("STOPPED");
  expect([bench.opened, bench.closed, bench.clock.armed]).toEqual([2, 2, 0]);
});

test("between two pieces others have their turn (H41)", async () => {
  const bench = new Bench(machineOf([put("k", "x".repeat(1_000_000))]));
  const { id } = await bench.exports.open("none");
  const reads = [0, 1, 2, 3].map((part) => bench.exports.read(id, part));
  const turns = await Promise.all(reads.map((read) => read.then(() => bench.clock.turns)));
  expect(new Set(turns.slice(0, 3)).size).toBe(3);
  // Reading what goes into a part, too.
  expect(turns[1]! - turns[0]!).toBeGreaterThan(6);
});

test("four reads may be under way, and what they are answered with stays as it is until then; a fifth is refused (H42)", async () => {
  const bench = new Bench(machineOf(Array.from({ length: 9 }, (_, key) => put(`k${key}`, String(key).repeat(1_000_000)))));
  for (const compression of ["none", "zstd"] as const) {
    const { id } = await bench.exports.open(compression);
    for (let part = 0, atEnd = false; !atEnd; part += 4) {
      const reads = [0, 1, 2, 3].map(async (next) => {
        const piece = await bench.exports.read(id, part + next);
        return { piece, copy: piece.slice() };
      });
      const answered = await Promise.all(reads);
      expect(answered.every(({ piece, copy }) => Buffer.from(piece).equals(copy))).toBe(true);
      atEnd = answered.at(-1)!.piece.length === 0;
    }
    bench.exports.close(id);
  }
  const { id } = await bench.exports.open("none");
  const codes = await Promise.all([0, 1, 2, 3, 4].map(async (part) => codeOf((async () => bench.exports.read(id, part))())));
  expect(codes.at(-1)).toBe("BAD_REQUEST");
});

test("while there are writes a piece is made only so often, and as soon as there are none they follow one another", async () => {
  const bench = new Bench(machineOf(["a", "b", "c"].map((key) => put(key, "x".repeat(900_000)))));
  const { id } = await bench.exports.open("none");
  await bench.exports.read(id, 0);
  for (const part of [1, 2, 3]) {
    if (part !== 2) bench.written += 1;
    let answered = false;
    const reading = bench.exports.read(id, part).then(() => (answered = true));
    await settled();
    await bench.clock.advance(giveWayMs - 1);
    expect(answered).toBe(false);
    await bench.clock.advance(1);
    await reading;
  }
  await bench.clock.advance(quietMs);
  for (const part of [4, 5]) await bench.exports.read(id, part);
});

test("a read that had not begun when the export was closed is told so", async () => {
  const bench = new Bench(small());
  const { id } = await bench.exports.open("none");
  const reads = [bench.exports.read(id, 0), bench.exports.read(id, 1)];
  bench.exports.close(id);
  expect(await Promise.all(reads.map(codeOf))).toEqual(["STOPPED", "STOPPED"]);
  expect([bench.closed, bench.clock.armed]).toEqual([1, 0]);
});

test("a compression that this Node does not have is refused, and holds nothing", async () => {
  const bench = new Bench(small(), { ...portablePorts, zstd: undefined });
  for (let times = 0; times < 3; times += 1) expect(await codeOf(bench.exports.open("zstd"))).toBe("INCOMPATIBLE");
  expect([bench.opened, bench.closed]).toEqual([3, 3]);
  expect(await codeOf(new Bench(new Machine({ store: new MemoryStore() })).exports.open("none"))).toBe("NOT_READY");
});

test("an export of 100 MB holds a few pieces of memory, and none afterwards", { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-export-"));
  const { store } = await openLmdbStore({ directory, bootId: "boot" });
  onTestFinished(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const machine = new Machine({ store });
  const value = "x".repeat(100_000);
  for (let index = 1; index <= 1_000; index += 10) machine.applyBatch(Array.from({ length: 10 }, (_, place) => entryOf(index + place, put(`key-${index + place}`, value))));
  const bench = new Bench(machine);
  const { id, dataBytes } = await bench.exports.open("none");
  const before = await leastHeld();
  let [parts, bytes, most] = [0, 0, 0];
  for await (const piece of bench.pieces(id)) {
    expect(piece.length).toBeLessThanOrEqual(snapshotPieceBytesMax);
    bytes += piece.length;
    if ((parts += 1) % 100 === 0) most = Math.max(most, (await leastHeld()) - before);
  }
  bench.exports.close(id);
  expect(bytes).toBeGreaterThan(100_000_000);
  expect(bytes / dataBytes).toBeCloseTo(1, 2);
  expect(most).toBeLessThan(8 * 1024 * 1024);
});
