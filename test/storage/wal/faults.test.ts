import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { parseRegionId } from "../../../src/base/ids.ts";
import { Wal, type WalWrite } from "../../../src/storage/wal/wal.ts";
import { FaultyDisk, type Call, type FaultKind } from "../faulty-disk.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { settled, TurnClock } from "../turn-clock.ts";
import { entries, foundedDisk, openWal, region, walOptions } from "./fixtures.ts";
import { LogModel } from "./log-model.ts";

const changing = new Set(["write", "writeDurable", "sync", "rename", "unlink", "syncDirectory", "allocate", "truncate"]);

interface Outcome {
  readonly disk: MemoryDisk;
  readonly model: LogModel;
  readonly failed: boolean;
  readonly fatal: readonly Error[];
  readonly refusedOpen: boolean;
  readonly readOnly: boolean;
  readonly laterCalls: readonly Call[];
}

/** A life of rotations and purges on a disk whose nth call goes wrong. */
async function lifeWithFault(kind: FaultKind, nth: number): Promise<Outcome> {
  const memory = await foundedDisk(new MemoryDisk());
  const disk = new FaultyDisk(memory, { fault: (call) => (call.number === nth ? kind : undefined) });
  const model = new LogModel();
  const fatal: Error[] = [];
  const clock = new TurnClock();
  const opening = await Wal.open(walOptions(disk, { segmentBytes: 8192, clock, onFatal: (error) => fatal.push(error) })).catch(() => undefined);
  if (opening === undefined) return { disk: memory, model, failed: true, fatal, refusedOpen: true, readOnly: false, laterCalls: disk.calls.slice(nth) };
  const attempts: Promise<boolean>[] = [];
  const attempt = (writes: readonly WalWrite[]): void => {
    model.append(writes);
    const number = model.issued;
    attempts.push(opening.append(writes).then(() => { model.acknowledge(number); return true; }, () => false));
  };
  let failed = false;
  for (let index = 1; index <= 60 && !failed; index += 3) {
    attempt([{ kind: "entries", region, entries: entries(index, index + 1) }]);
    attempt([{ kind: "entries", region, entries: entries(index + 2, index + 2, 1, 600) }, { kind: "hardState", region, hardState: { currentTerm: 1, votedFor: "5", commitIndex: index } }]);
    await settled();
    failed = (await Promise.all(attempts.splice(0))).includes(false);
    if (index % 15 === 1 && !failed) {
      model.floor(region, index);
      await opening.purge(new Map([[region, index]])).catch(() => undefined);
    }
  }
  const { readOnly } = opening.stats;
  return { disk: memory, model, failed: failed || fatal.length > 0, fatal, refusedOpen: false, readOnly, laterCalls: disk.calls.slice(nth) };
}

async function expectNothingLost({ disk, model }: Outcome, prng: Prng): Promise<void> {
  for (const found of [disk.copy(), disk.crashed(prng), disk.crashed(prng)]) {
    const wal = await openWal(found, { segmentBytes: 8192 });
    expect(model.objection(wal.recovered)).toBeUndefined();
  }
}

for (const kind of ["EIO", "short"] as const) {
  test(`${kind} at each of the first 200 calls stops the log at once, for ever, and loses nothing acknowledged (H43, H45)`, async () => {
    const prng = new Prng(7);
    let stopped = 0;
    for (let nth = 1; nth <= 200; nth += 1) {
      const outcome = await lifeWithFault(kind, nth);
      await expectNothingLost(outcome, prng);
      if (!outcome.failed) continue;
      stopped += 1;
      if (!outcome.refusedOpen) expect(outcome.fatal).toHaveLength(1);
    }
    expect(stopped).toBeGreaterThan(120);
  });
}

test("after a failure nothing is written, synced, renamed or removed any more: fsync is never tried again (H43)", async () => {
  for (let nth = 1; nth <= 200; nth += 1) {
    const { fatal, laterCalls } = await lifeWithFault("EIO", nth);
    const files = laterCalls.filter(({ operation }) => changing.has(operation));
    // A segment that was being made aside, or removed, at that moment may come to its end; nothing goes into the log.
    if (fatal.length > 0) expect(files.filter(({ operation }) => operation === "writeDurable")).toEqual([]);
  }
});

test("ENOSPC at each of the first 200 calls makes the log read-only for a while or stops it, and loses nothing acknowledged (H45)", async () => {
  const prng = new Prng(8);
  const seen = { readOnly: 0, fatal: 0 };
  for (let nth = 1; nth <= 200; nth += 1) {
    const outcome = await lifeWithFault("ENOSPC", nth);
    await expectNothingLost(outcome, prng);
    if (outcome.fatal.length > 0) seen.fatal += 1;
    else if (outcome.readOnly) seen.readOnly += 1;
  }
  expect(seen.fatal).toBeGreaterThan(10);
  expect(seen.readOnly).toBeGreaterThan(0);
});

test("a sync that fails once and would succeed when repeated is not repeated: the append is rejected and so is every later one (H43)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  let broken = false;
  const disk = new FaultyDisk(memory, { fault: ({ operation }) => (operation === "writeDurable" && !broken ? ((broken = true), "EIO") : undefined) });
  const fatal: Error[] = [];
  const wal = await Wal.open(walOptions(disk, { onFatal: (error) => fatal.push(error) }));
  await expect(wal.append([{ kind: "entries", region, entries: entries(1, 1) }])).rejects.toMatchObject({ code: "IO_ERROR" });
  await expect(wal.append([{ kind: "entries", region, entries: entries(1, 1) }])).rejects.toMatchObject({ code: "IO_ERROR" });
  await expect(wal.purge(new Map())).rejects.toMatchObject({ code: "IO_ERROR" });
  await expect(wal.close()).rejects.toMatchObject({ code: "IO_ERROR" });
  expect(fatal).toHaveLength(1);
  expect(disk.calls.filter(({ operation }) => operation === "writeDurable")).toHaveLength(1);
});

test("a disk that says durable and is not is found out as soon as something later survives (H42)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  let lying = false;
  const wal = await openWal(new FaultyDisk(memory, { fault: ({ operation }) => (lying && operation === "writeDurable" ? "lie" : undefined) }));
  await wal.append([{ kind: "entries", region, entries: entries(1, 4) }]);
  lying = true;
  await wal.append([{ kind: "entries", region, entries: entries(5, 5, 1, 600) }]);
  await wal.append([{ kind: "entries", region, entries: entries(6, 6, 1, 600) }]);
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const found = memory.crashed(new Prng(seed));
    const outcome = await openWal(found).then((opened) => `${opened.recovered.get(region)!.entries.length}`, (error: { code: string }) => error.code);
    seen.add(outcome);
  }
  expect(seen).toContain("CORRUPT");
  expect([...seen].every((outcome) => ["CORRUPT", "4", "5", "6"].includes(outcome))).toBe(true);
});

/** Durable writes wait until they are let go, one after the other. */
function gate(): { readonly disk: (inner: MemoryDisk) => FaultyDisk; readonly letGo: () => Promise<void>; readonly waiting: () => number } {
  const held: (() => void)[] = [];
  return {
    disk: (inner) => new FaultyDisk(inner, {
      fault: ({ operation }) => (operation === "writeDurable" ? "slow" : undefined),
      delay: () => new Promise((resolve) => { held.push(resolve); }),
    }),
    letGo: async () => {
      held.shift()!();
      await settled();
    },
    waiting: () => held.length,
  };
}

test("an append is acknowledged only by the sync that covered it, and appends complete in order (H17)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  const { disk, letGo, waiting } = gate();
  const clock = new TurnClock();
  const wal = await openWal(disk(memory), { clock });
  const done: number[] = [];
  const append = (index: number): void => void wal.append([{ kind: "entries", region, entries: entries(index, index) }]).then(() => done.push(index));
  append(1);
  append(2);
  await settled();
  append(3);
  append(4);
  await settled();
  expect([waiting(), done]).toEqual([1, []]);
  await clock.advance(250);
  expect(wal.stats.pendingSinceMs).toBe(250);
  await letGo();
  expect([waiting(), done]).toEqual([1, [1, 2]]);
  const crashed = await openWal(memory.crashed(new Prng(1)));
  expect(crashed.recovered.get(region)!.entries).toHaveLength(2);
  await letGo();
  expect(done).toEqual([1, 2, 3, 4]);
  expect(wal.stats.pendingSinceMs).toBeUndefined();
});

test("while the disk is full the log refuses entries, takes votes and purges, lets nothing overtake, and goes on when space returns (H1, H45)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  const clock = new TurnClock();
  memory.freeSpace = 40_000;
  const wal = await openWal(memory, { clock, segmentBytes: 16 * 1024, freeBytesMin: 2000 });
  let next = 1;
  const append = async (): Promise<string> => {
    const outcome = await wal.append([{ kind: "entries", region, entries: entries(next, next, 1, 400) }]).then(() => "durable", (error: { code: string }) => error.code);
    if (outcome === "durable") next += 1;
    return outcome;
  };
  while ((await append()) === "durable") await settled();
  expect(wal.stats.readOnly).toBe(true);
  const held = next;
  expect(await append()).toBe("NO_SPACE");
  await expect(wal.append([{ kind: "entries", region, entries: entries(next + 1, next + 1) }])).rejects.toMatchObject({ code: "NO_SPACE" });
  // Whoever made this may not have heard of the refusal yet: it would come back older than what it had overtaken.
  const vote = { kind: "hardState", region, hardState: { currentTerm: 2, votedFor: "9", commitIndex: 1 } } as const;
  await expect(wal.append([vote])).rejects.toMatchObject({ code: "NO_SPACE" });
  wal.beginAgain(region);
  await wal.append([vote]);
  expect(await append()).toBe("NO_SPACE");
  expect((await openWal(memory.copy(), { segmentBytes: 16 * 1024 })).recovered.get(region)).toMatchObject({ hardState: { currentTerm: 2, votedFor: "9" } });
  await wal.purge(new Map([[region, 20]]));
  memory.freeSpace += 100_000;
  await clock.advance(5000);
  expect(wal.stats.readOnly).toBe(false);
  // What follows the refused entry was under way already: it must not leave a gap.
  await expect(wal.append([{ kind: "entries", region, entries: entries(next + 1, next + 1) }])).rejects.toMatchObject({ code: "NO_SPACE" });
  wal.beginAgain(region);
  expect(await append()).toBe("durable");
  expect(next).toBe(held + 1);
  const found = (await openWal(memory.copy())).recovered.get(region)!;
  expect(found.entries.at(-1)!.index).toBe(held);
});

test("other files that fill the disk make the log read-only before it needs a new segment (H45)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  const clock = new TurnClock();
  const wal = await openWal(memory, { clock, segmentBytes: 64 * 1024, freeBytesMin: 10_000 });
  await wal.append([{ kind: "entries", region, entries: entries(1, 1) }]);
  memory.freeSpace = 9_999;
  for (let index = 2; index <= 10; index += 1) await wal.append([{ kind: "entries", region, entries: entries(index, index, 1, 600) }]);
  await settled();
  expect(wal.stats.readOnly).toBe(true);
  await wal.append([{ kind: "entries", region: parseRegionId(2), entries: entries(1, 1) }]);
  memory.freeSpace = 200_000;
  await clock.advance(1000);
  expect(wal.stats.readOnly).toBe(false);
});

test("a log that grows by little looks at the disk once a second: other files fill it faster (H45)", async () => {
  const memory = await foundedDisk(new MemoryDisk());
  const clock = new TurnClock();
  const disk = new FaultyDisk(memory, {});
  const wal = await openWal(disk, { clock, segmentBytes: 1024 * 1024, freeBytesMin: 10_000 });
  const appendOne = async (index: number): Promise<number> => {
    const before = disk.calls.length;
    await wal.append([{ kind: "entries", region, entries: entries(index, index) }]);
    await settled();
    return disk.calls.slice(before).filter(({ operation }) => operation === "freeBytes").length;
  };
  await appendOne(1);
  memory.freeSpace = 9_999;
  expect(await appendOne(2)).toBe(0);
  expect(wal.stats.readOnly).toBe(false);
  clock.elapse(1000);
  expect(await appendOne(3)).toBe(1);
  expect(wal.stats.readOnly).toBe(true);
});
