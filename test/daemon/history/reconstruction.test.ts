// Histories put together from parts of random workloads, against a model that has seen all of it: what is said is true, and what can be said is said.

import { expect, test } from "vitest";
import { equalBytes, utf8 } from "../../../src/base/bytes.ts";
import { Prng } from "../../../src/base/prng.ts";
import { BaseState } from "../../../src/daemon/history/base-state.ts";
import { Influences } from "../../../src/daemon/history/influences.ts";
import { Reconstruction, type Reconstructed } from "../../../src/daemon/history/reconstruction.ts";
import type { KeyValue } from "../../../src/machine/store.ts";
import type { SessionStamp } from "../../../src/wire/command.ts";
import type { KeyAt } from "../../../src/wire/key-history.ts";
import { leadMax, keys, remembered, Workload, type ModelRecord, type Moment } from "./workload.ts";

interface Evidence {
  readonly workload: Workload;
  readonly images: ReadonlyMap<number, readonly KeyValue[]>;
  /** Indexes of the entries that are at hand. */
  readonly held: ReadonlySet<number>;
}

async function* stream(rows: readonly KeyValue[]): AsyncGenerator<KeyValue> {
  yield* rows;
}

async function evidence(seed: number): Promise<Evidence> {
  const random = new Prng(seed);
  const workload = new Workload(random);
  const images = new Map<number, readonly KeyValue[]>();
  const length = random.integer(10, 90);
  const imageChance = random.integer(0, 3) * 0.03;
  while (workload.length < length) {
    workload.step();
    if (random.chance(imageChance)) images.set(workload.length, await workload.image());
  }
  // Compacted at the beginning, or not; and sometimes a gap.
  const begin = random.chance(0.3) ? 1 : random.integer(1, Math.ceil(length / 2));
  const gap = random.chance(0.3) ? random.integer(begin, length) : length + 1;
  const gapEnd = gap + random.integer(1, 15);
  const held = new Set(workload.moments.map(({ entry }) => entry.index).filter((index) => index >= begin && (index < gap || index > gapEnd)));
  return { workload, images, held };
}

async function reconstruct({ workload, images, held }: Evidence, key: string): Promise<Reconstructed> {
  const bases = [BaseState.beginning(utf8(key))];
  const influences = new Influences(utf8(key));
  for (const { entry } of workload.moments) if (held.has(entry.index)) influences.note(entry);
  for (const [index, rows] of images) bases.push(await BaseState.read(`state ${index}`, stream(rows), { key: utf8(key), influences }));
  const reconstruction = new Reconstruction(utf8(key), bases);
  for (const { entry } of workload.moments) if (held.has(entry.index)) reconstruction.take(entry, "log");
  reconstruction.reachLast();
  return reconstruction.result;
}

function truth({ workload }: Evidence, index: number): Moment {
  return workload.moments[index - 1]!;
}

function sameRecord(known: KeyAt | undefined, real: ModelRecord | undefined): boolean {
  if (known === undefined || real === undefined) return known === real;
  return equalBytes(known.value, real.value) && known.modIndex === real.modIndex && (known.version ?? real.version) === real.version && (known.createIndex ?? real.createIndex) === real.createIndex;
}

/** Whether a state at or before it and all entries since are there. */
function isReplayed({ images, held }: Evidence, index: number): boolean {
  for (let at = index; ; at -= 1) {
    if (at === 0 || images.has(at)) return true;
    if (!held.has(at)) return false;
  }
}

function checkSpans(seen: Evidence, key: string, { spans }: Reconstructed): void {
  const known = new Map<number, KeyAt | undefined>();
  for (const { first, last, record } of spans) {
    for (let index = first; index <= last; index += 1) {
      expect(known.has(index), `${index} is told once`).toBe(false);
      known.set(index, record);
      expect(sameRecord(record, truth(seen, index).records.get(key)), `${key} after ${index}`).toBe(true);
    }
  }
  for (let index = 1; index <= seen.workload.length; index += 1) {
    if (isReplayed(seen, index)) expect([known.has(index), known.get(index)?.version, known.get(index)?.createIndex], `${key} after ${index}`).toEqual([true, truth(seen, index).records.get(key)?.version, truth(seen, index).records.get(key)?.createIndex]);
  }
}

/** A later state has the answer that the session got; what a range or a transaction did to one key, an answer does not say. */
function isRemembered(seen: Evidence, index: number): boolean {
  const { command, effects } = truth(seen, index);
  const isAnswered = command?.session !== undefined && command.operation !== "deleteRange" && command.operation !== "txn" && ![...effects.values()].includes("expired");
  if (command?.session !== undefined && (command.session.sequence > index + leadMax || wasOverwritten(seen, command.session))) return false;
  return isAnswered && [...seen.images.keys()].some((image) => image >= index);
}

/** Another number of the session has taken its place in the ring. */
function wasOverwritten({ workload }: Evidence, { id, sequence }: SessionStamp): boolean {
  return workload.moments.some(({ command }) => command?.session?.id === id && command.session.sequence > sequence && command.session.sequence % remembered === sequence % remembered);
}

function checkEvents(seen: Evidence, key: string, { events }: Reconstructed): { unknown: number; told: number } {
  const counted = { unknown: 0, told: 0 };
  const touching = seen.workload.moments.filter(({ entry, effects }) => seen.held.has(entry.index) && effects.has(key)).map(({ entry }) => entry.index);
  expect(events.filter(({ term }) => term !== undefined).map(({ index }) => index)).toEqual(touching);
  expect(events.map(({ index }) => index)).toEqual(events.map(({ index }) => index).toSorted((left, right) => left - right));
  for (const { index, effect, version, term } of events) {
    const { effects, records, entry } = truth(seen, index);
    const isExact = isReplayed(seen, index) && seen.held.has(index) && isReplayed(seen, index - 1);
    expect([effects.get(key), ...(isExact ? [] : ["unknown"])], `effect of ${index} on ${key}`).toContain(effect);
    expect([records.get(key)?.version ?? 0, ...(isExact ? [] : [undefined])], `version of ${key} after ${index}`).toContain(version);
    expect([entry.term, undefined]).toContain(term);
    if (isRemembered(seen, index)) expect(effect, `effect of ${index} on ${key}, which a later state remembers`).not.toBe("unknown");
    if (!isExact) counted[effect === "unknown" ? "unknown" : "told"] += 1;
  }
  return counted;
}

test("what a history says equals what a model saw that lived through it, and all that follows from a state and the entries behind it is said (N12)", async () => {
  const counted = { unknown: 0, told: 0, effects: new Set<string>() };
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const seen = await evidence(seed);
    const key = keys[seed % keys.length]!;
    const result = await reconstruct(seen, key);
    try {
      checkSpans(seen, key, result);
      const { unknown, told } = checkEvents(seen, key, result);
      counted.unknown += unknown;
      counted.told += told;
      for (const { effect } of result.events) counted.effects.add(effect);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect([...counted.effects].toSorted()).toEqual(["deleted", "expired", "nothing", "refused", "repeated", "unknown", "written"]);
  expect(counted.told).toBeGreaterThan(1_000);
  expect(counted.unknown).toBeGreaterThan(500);
}, 120_000);
