// What is certain of entries that are committed and not yet applied, and that it is so: whatever is called certain is executed, in the end.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SessionLimits } from "../../src/machine/sessions.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import { type Command, withTime } from "../../src/wire/command.ts";
import { entryOf, put, resultOf, stamp } from "./bytes-of.ts";
import { SessionBench } from "./session-bench.ts";

type Pending = Command | { readonly command: Command; readonly time: number };

/** As entries behind what is applied. */
function entriesBehind(bench: SessionBench, pending: readonly Pending[]): AppliedEntry[] {
  return pending.map((item, place) => {
    const entry = entryOf(bench.machine.lastApplied + 1 + place, "command" in item ? item.command : item);
    return "command" in item ? { ...entry, data: withTime(entry.data, item.time) } : entry;
  });
}

/** Of the last of them, when all are committed and none is applied. */
function isLastCertain(bench: SessionBench, ...pending: readonly Pending[]): boolean {
  const entries = entriesBehind(bench, pending);
  const log = { entriesBetween: (first: number, last: number) => entries.filter(({ index }) => index >= first && index <= last) };
  return bench.machine.certainty(log, entries.at(-1)!.index)(entries.at(-1)!);
}

/** With a session 7 that was used, at a time. */
function used(limits: Partial<SessionLimits> = {}, time = 1_000_000): SessionBench {
  const bench = new SessionBench(limits);
  bench.raw(put("k", "1", { session: stamp(7, 1) }), time);
  return bench;
}

const next = put("k", "2", { session: stamp(7, 2) });
const close: Command = { operation: "sessionClose", target: 7n };

describe("what is committed is certain to be executed (S44, S112)", () => {
  test("of a session that is known, of a new one, and of none", () => {
    expect(isLastCertain(used(), next)).toBe(true);
    expect(isLastCertain(used(), put("k", "2", { session: stamp(9, 2) }))).toBe(true);
    expect(isLastCertain(used(), close, put("k", "2"))).toBe(true);
    expect(isLastCertain(used(), next, next)).toBe(true);
    expect(isLastCertain(used(), put("a", "1", { session: stamp(8, 2) }), { command: next, time: 1_000_001 })).toBe(true);
  });

  test("but not when the session is forgotten or closed, when it is settled what becomes of the number, or when an entry before it does such a thing", () => {
    const closed = used();
    closed.run(close);
    expect(isLastCertain(closed, next)).toBe(false);
    expect(isLastCertain(used(), close, next)).toBe(false);
    expect(isLastCertain(used(), next, close)).toBe(true);
    const settle: Command = { operation: "settle", session: stamp(7, 2) };
    const settled = used();
    settled.run(settle);
    expect(isLastCertain(settled, next)).toBe(false);
    expect(isLastCertain(used(), settle, next)).toBe(false);
    const forgotten = used({ sessionsMax: 1 });
    forgotten.run(put("k", "1", { session: stamp(8, 2) }));
    expect(isLastCertain(forgotten, put("k", "2", { session: stamp(7, 2) }))).toBe(false);
  });

  test("nor when entries before it may fill the table", () => {
    const other = (id: number): Command => put("k", "x", { session: stamp(id, 3) });
    expect(isLastCertain(used({ sessionsMax: 3 }), other(8), next)).toBe(true);
    expect(isLastCertain(used({ sessionsMax: 3 }), other(8), other(9), next)).toBe(false);
  });

  test("nor when it or one before it has a time at which sessions may expire", () => {
    const limits = { idleMs: 1_200 };
    expect(isLastCertain(used(limits), { command: next, time: 1_000_099 })).toBe(true);
    expect(isLastCertain(used(limits), { command: next, time: 1_000_100 })).toBe(false);
    expect(isLastCertain(used(limits), { command: put("k", "x"), time: 1_000_100 }, next)).toBe(false);
  });

  test("nor of what is applied already: its answer is on its way", () => {
    const bench = used();
    const entries = entriesBehind(bench, [next]);
    bench.machine.apply(entries[0]!);
    expect(bench.machine.certainty({ entriesBetween: () => [] }, entries[0]!.index)(entries[0]!)).toBe(false);
  });
});

test("whatever is called certain is executed, whichever commands, times and bounds there are (S44, H37)", () => {
  const command = fc.record({
    id: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 1, max: 40 }), kind: fc.constantFrom("put", "put", "put", "put", "close", "settle"), timeMs: fc.constantFrom(0, 1, 30, 200),
  });
  const limits = fc.record({ sessionsMax: fc.constantFrom(1, 2, 3, 100), idleMs: fc.constantFrom(120, 1_200, 100_000) });
  let certain = 0;
  fc.assert(fc.property(limits, fc.array(command, { maxLength: 20 }), fc.array(command, { minLength: 1, maxLength: 6 }), (bounds, applied, pending) => {
    const bench = new SessionBench(bounds);
    let time = 1_000_000;
    const commandOf = ({ id, sequence, kind, timeMs }: (typeof applied)[number]): { command: Command; time: number } => ({
      command: kind === "close" ? { operation: "sessionClose", target: BigInt(id) } : kind === "settle" ? { operation: "settle", session: stamp(id, sequence) } : put("k", "v", { session: stamp(id, sequence) }),
      time: (time += timeMs),
    });
    for (const each of applied) {
      const { command: done, time: at } = commandOf(each);
      bench.raw(done, at);
    }
    const entries = entriesBehind(bench, pending.map(commandOf));
    const log = { entriesBetween: (first: number, last: number) => entries.filter(({ index }) => index >= first && index <= last) };
    const isCertain = bench.machine.certainty(log, entries.at(-1)!.index);
    const promised = entries.map((entry) => isCertain(entry));
    for (const [place, entry] of entries.entries()) {
      const { status } = resultOf(bench.machine.apply(entry));
      if (promised[place] !== true || pending[place]!.kind !== "put") continue;
      certain += 1;
      expect(status).toBe("ok");
    }
  }), { numRuns: 3_000 });
  expect(certain).toBeGreaterThan(300);
});
