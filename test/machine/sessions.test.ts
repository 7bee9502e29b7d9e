import { describe, expect, test } from "vitest";
import { utf8, writeSafeU64, writeU32 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { Prng } from "../../src/base/prng.ts";
import { sessionPageKey } from "../../src/machine/keyspace.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { sequencesRemembered } from "../../src/machine/session-page.ts";
import { rememberedResultBytesMax, sequenceLeadMax } from "../../src/machine/sessions.ts";
import type { Command, SessionStamp } from "../../src/wire/command.ts";
import { encodeResult } from "../../src/wire/command-result.ts";
import { contentOf, del, entryOf, hex, put, resultOf, stamp, text } from "./bytes-of.ts";
import { SessionBench as Bench } from "./session-bench.ts";

test("a repeated command gets the first answer byte by byte and changes nothing, also after a restart and on another node (S112, S109)", async () => {
  const bench = new Bench();
  const commands = [
    put("a", "1", { session: stamp(7, 1) }),
    put("a", "2", { session: stamp(7, 2), wantPrevious: true }),
    put("a", "3", { session: stamp(7, 3), condition: { kind: "absent" }, wantPrevious: true }),
    del("a", { session: stamp(7, 4), wantPrevious: true }),
    { operation: "deleteRange", start: utf8("a"), end: undefined, session: stamp(7, 5) } as const,
    put("b", "1", { session: stamp(8, 1) }),
  ];
  const first = commands.map((command) => hex(bench.raw(command)));
  const records = () => contentOf(bench.store).filter(([key]) => key.startsWith("10"));
  const content = records();
  expect(commands.map((command) => hex(bench.raw(command)))).toEqual(first);
  bench.restart();
  expect(commands.map((command) => hex(bench.raw(command)))).toEqual(first);
  await bench.move();
  expect(commands.toReversed().map((command) => hex(bench.raw(command)))).toEqual(first.toReversed());
  expect(records()).toEqual(content);
});

test("a repetition in the same batch is recognised", () => {
  const bench = new Bench();
  const command = put("a", "1", { session: stamp(7, 1) });
  const results = bench.machine.applyBatch([entryOf(1, command), entryOf(2, command)]);
  expect(hex(results[1]!)).toBe(hex(results[0]!));
  expect(bench.machine.get(utf8("a"))).toMatchObject({ version: 1 });
});

test("commands of one session that overtake each other are all executed, each once", () => {
  const bench = new Bench();
  for (const sequence of [1, 4, 2, 5, 3]) expect(bench.run(put("a", String(sequence), { session: stamp(7, sequence) })).status).toBe("ok");
  expect(bench.machine.get(utf8("a"))).toMatchObject({ version: 5 });
  for (const sequence of [5, 4, 3, 2, 1]) bench.run(put("a", "again", { session: stamp(7, sequence) }));
  expect(bench.machine.get(utf8("a"))).toMatchObject({ version: 5 });
});

test("a session opens with any number, and goes on from there, backwards too", () => {
  const bench = new Bench();
  bench.pass(40);
  for (const sequence of [42, 41, 43]) expect(bench.run(put("a", "1", { session: stamp(7, sequence) })).status).toBe("ok");
  expect(bench.machine.get(utf8("a"))!.version).toBe(3);
});

test("a number further ahead of the log than 1024 is refused, so that nobody can use up the numbers of those who come later", () => {
  const bench = new Bench();
  const ahead = put("a", "1", { session: stamp(7, 1 + sequenceLeadMax + 1) });
  expect(bench.run(ahead)).toMatchObject({ status: "sequenceAhead", version: 0, index: 1 });
  expect([bench.machine.sessionCount, bench.machine.get(utf8("a"))]).toEqual([0, undefined]);
  expect(bench.run(ahead)).toMatchObject({ status: "ok", index: 2 });
});

test("the last 1024 sequence numbers are remembered; what lies further back is expired, never executed again (H37)", () => {
  const bench = new Bench();
  const last = sequencesRemembered + 9;
  for (let sequence = 1; sequence <= last; sequence += 1) {
    if (sequence !== 500) bench.run(put("a", "x", { session: stamp(7, sequence) }));
  }
  const before = bench.machine.get(utf8("a"))!.version;
  for (const sequence of [1, 5, 9]) expect(bench.run(put("a", "y", { session: stamp(7, sequence) })).status).toBe("sessionExpired");
  expect(bench.run(put("a", "y", { session: stamp(7, 10) }))).toMatchObject({ status: "ok", version: 10 });
  expect(bench.machine.get(utf8("a"))!.version).toBe(before);
  bench.restart();
  expect(bench.run(put("a", "y", { session: stamp(7, 9) })).status).toBe("sessionExpired");
  expect(bench.run(put("a", "late", { session: stamp(7, 500) }))).toMatchObject({ status: "ok", version: before + 1 });
});

test("a session that jumps far ahead is no cliff: old numbers are expired, new ones executed", () => {
  const bench = new Bench();
  bench.run(put("a", "1", { session: stamp(7, 1) }));
  bench.pass(1_000_000);
  expect(bench.run(put("a", "2", { session: stamp(7, 1_000_000) })).status).toBe("ok");
  bench.restart();
  for (const sequence of [2, 17, 1_000_000 - sequencesRemembered]) {
    expect(bench.run(put("a", "3", { session: stamp(7, sequence) })).status).toBe("sessionExpired");
  }
  expect(bench.run(put("a", "3", { session: stamp(7, 1) }))).toMatchObject({ status: "ok", version: 1, index: 1 });
  expect(bench.run(put("a", "3", { session: stamp(7, 1_000_000) }))).toMatchObject({ status: "ok", version: 2 });
});

test("ids use all 64 bits", () => {
  const bench = new Bench();
  const ids = [1n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 64n - 1n];
  for (const id of ids) expect(bench.run(put("a", "x", { session: { id, sequence: 1 } })).status).toBe("ok");
  bench.restart();
  expect(bench.machine.sessionCount).toBe(ids.length);
  for (const [position, id] of ids.entries()) expect(bench.run(put("a", "x", { session: { id, sequence: 1 } })).version).toBe(position + 1);
});

test("the oldest session makes room, the same one whether or not the node was restarted; none of its numbers is executed again (H37, S112)", async () => {
  const limits = { sessionsMax: 3 };
  const benches = [new Bench(limits), new Bench(limits), new Bench(limits)];
  for (const [position, bench] of benches.entries()) {
    for (const id of [1, 2, 3]) bench.run(put("a", "x", { session: stamp(id, 1), wantPrevious: true }));
    bench.run(put("a", "x", { session: stamp(1, 2) }));
    if (position === 1) bench.restart();
    if (position === 2) await bench.move();
    bench.run(put("a", "x", { session: stamp(4, 1) }));
    expect(bench.machine.sessionCount).toBe(3);
    for (const sequence of [1, 2]) expect(bench.run(put("a", "x", { session: stamp(2, sequence) })).status).toBe("sessionExpired");
    for (const [id, sequence] of [[1, 3], [3, 2], [4, 2]] as const) expect(bench.run(put("a", "x", { session: stamp(id, sequence) })).status).toBe("ok");
    expect(contentOf(bench.store).filter(([key]) => key.slice(2, 18) === "0000000000000002" && key.startsWith("2"))).toEqual([]);
  }
  expect(new Set(benches.map(({ machine }) => machine.digest())).size).toBe(1);
});

test("a session that is opened again after it was forgotten executes nothing that it may have executed before, also on another node (S112)", async () => {
  for (const moves of [false, true]) {
    const bench = new Bench({ sessionsMax: 1 });
    bench.pass(10);
    bench.run(put("a", "x", { session: stamp(7, 15) }));
    bench.run(put("b", "x", { session: stamp(8, 11) }));
    expect(bench.run(put("a", "x", { session: stamp(7, 16) })).status).toBe("ok");
    if (moves) await bench.move();
    else bench.restart();
    for (const sequence of [11, 15]) expect(bench.run(put("a", "x", { session: stamp(7, sequence) })).status).toBe("sessionExpired");
    expect(bench.run(put("a", "x", { session: stamp(7, 17) })).status).toBe("ok");
  }
});

test("what a session did last counts as used, whatever its numbers are: whoever comes later begins above it", () => {
  const bench = new Bench({ sessionsMax: 1 });
  bench.pass(99);
  bench.run(put("a", "x", { session: stamp(7, 3) }));
  bench.run(put("b", "x", { session: stamp(8, 101) }));
  expect(bench.run(put("c", "x", { session: stamp(9, 100) })).status).toBe("sessionExpired");
});

describe("settling (N5)", () => {
  const settle = (id: number, sequence: number): Command => ({ operation: "settle", session: stamp(id, sequence) });

  test("tells the result of what was executed, and otherwise sees to it that it never will be, also after a restart and on another node", async () => {
    const bench = new Bench();
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    bench.run(put("a", "2", { session: stamp(7, 2), condition: { kind: "absent" } }));
    expect(bench.run(settle(7, 1))).toMatchObject({ status: "ok", index: 1, version: 1 });
    expect(bench.run(settle(7, 2))).toMatchObject({ status: "conflict", index: 2 });
    expect(bench.run(settle(7, 3))).toMatchObject({ status: "neverApplied", index: 5 });
    expect(bench.run(settle(8, 6))).toMatchObject({ status: "neverApplied", index: 6 });
    for (const moves of [false, true]) {
      if (moves) await bench.move();
      else bench.restart();
      for (const late of [stamp(7, 3), stamp(8, 6)]) expect(bench.run(put("a", "late", { session: late })).status).toBe("neverApplied");
      expect(bench.run(settle(7, 3))).toMatchObject({ status: "neverApplied", index: 5 });
    }
    expect(text(bench.machine.get(utf8("a"))?.value)).toBe("1");
    expect(bench.run(put("a", "next", { session: stamp(7, 4) })).status).toBe("ok");
  });

  test("says so when the session was forgotten: then nobody knows, and it is not executed any more", () => {
    const bench = new Bench({ sessionsMax: 1 });
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    bench.run(put("b", "1", { session: stamp(8, 2) }));
    expect(bench.run(settle(7, 1)).status).toBe("sessionExpired");
    expect(bench.run(settle(9, 5_000)).status).toBe("sequenceAhead");
  });
});

describe("expiry by the time in the entries (S112)", () => {
  const hour = 3_600_000;
  const begin = 1_800_000_000_000;

  test("a session without a new command for an hour is forgotten, one with a newer command is not", () => {
    const bench = new Bench();
    for (const id of [1, 2]) bench.raw(put("a", "x", { session: stamp(id, 1) }), begin);
    bench.raw(put("a", "x", { session: stamp(2, 2) }), begin + hour / 2);
    // A repetition is no new command.
    bench.raw(put("a", "x", { session: stamp(1, 1) }), begin + hour / 2 + 1);
    bench.raw(put("b", "x"), begin + hour - 1);
    expect(bench.machine.sessionCount).toBe(2);
    bench.raw(put("b", "x"), begin + hour + hour / 12);
    expect(bench.machine.sessionCount).toBe(1);
    expect(bench.run(put("a", "x", { session: stamp(1, 1) })).status).toBe("sessionExpired");
    expect(bench.run(put("a", "x", { session: stamp(2, 3) })).status).toBe("ok");
  });

  test("a clock that goes back expires nothing, and does not hold up what comes later", () => {
    const bench = new Bench();
    bench.raw(put("a", "x", { session: stamp(1, 1) }), begin);
    bench.raw(put("a", "x", { session: stamp(1, 2) }), begin - 100 * hour);
    expect(bench.machine.sessionCount).toBe(1);
    bench.raw(put("b", "x"), begin + hour / 2);
    expect(bench.machine.sessionCount).toBe(1);
    bench.raw(put("b", "x"), begin + 2 * hour);
    expect(bench.machine.sessionCount).toBe(0);
  });

  test("restarts and moves change nothing of it, and a thousand sessions that expire at once go a few with each entry", async () => {
    const benches = [new Bench(), new Bench(), new Bench()];
    const counts = benches.map((): number[] => []);
    for (const [place, bench] of benches.entries()) {
      for (let id = 1; id <= 1_000; id += 1) bench.raw(put("a", "x", { session: stamp(id, id) }), begin + id);
      for (let step = 1; step <= 40; step += 1) {
        bench.raw(put("b", "x"), begin + (step * hour) / 10);
        counts[place]!.push(bench.machine.sessionCount);
        if (place === 1) bench.restart();
        if (place === 2 && step % 5 === 0) await bench.move();
      }
    }
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[2]).toEqual(counts[0]);
    const drops = counts[0]!.map((count, place, all) => (all[place - 1] ?? 1_000) - count);
    expect([Math.max(...drops), counts[0]!.at(-1)]).toEqual([64, 0]);
    expect(new Set(benches.map(({ machine }) => machine.digest())).size).toBe(1);
  });
});

test("a page of before there were floors is read, and goes on", () => {
  const store = new MemoryStore();
  const oldPage = new Uint8Array(4 + 8 * 32);
  writeSafeU64(oldPage, 4 + 32, 1);
  oldPage.set(encodeResult({ status: "ok", version: 5, index: 9, deleted: 0, previous: undefined, previousDropped: false }), 4 + 32 + 8);
  writeU32(oldPage, 0, crc32(oldPage.subarray(4)));
  store.transaction((transaction) => transaction.put(sessionPageKey(7n, 0), oldPage));
  const bench = new Bench();
  bench.store = store;
  bench.restart();
  expect(bench.run(put("a", "x", { session: stamp(7, 1) }))).toMatchObject({ status: "ok", version: 5, index: 9 });
  expect(bench.run(put("a", "x", { session: stamp(7, 2) }))).toMatchObject({ status: "ok", version: 1 });
  bench.restart();
  expect(bench.run(put("a", "x", { session: stamp(7, 1) }))).toMatchObject({ version: 5, index: 9 });
});

test("the table is bounded in pages as well, and keeps what it must (T26)", () => {
  const bench = new Bench({ sessionsMax: 1000, pagesMax: 130 });
  for (let sequence = 1; sequence <= 2000; sequence += 1) {
    bench.run(put("a", "x", { session: stamp(1, sequence) }));
    if (sequence % 50 === 0) bench.run(put("b", "x", { session: stamp(sequence, 1) }));
  }
  expect(contentOf(bench.store).filter(([key]) => key.startsWith("20")).length).toBeLessThanOrEqual(130);
  expect(bench.run(put("a", "x", { session: stamp(1, 1500) })).version).toBe(1500);
});

test("a result too large to be kept is repeated without its previous record, and says so; smaller ones are kept whole and let go with their slot", () => {
  const bench = new Bench();
  bench.run(put("a", "x".repeat(rememberedResultBytesMax)));
  const large = put("a", "small", { session: stamp(7, 1), wantPrevious: true });
  const answer = bench.run(large);
  expect(answer.previous?.value).toHaveLength(rememberedResultBytesMax);
  expect(bench.run(large)).toEqual({ ...answer, previous: undefined, previousDropped: true });
  const small = put("a", "other", { session: stamp(7, 2), wantPrevious: true });
  expect(bench.run(small).previous?.value).toEqual(utf8("small"));
  bench.restart();
  expect(bench.run(small).previous?.value).toEqual(utf8("small"));
  const largeRows = () => contentOf(bench.store).filter(([key]) => key.startsWith("21"));
  expect(largeRows()).toHaveLength(1);
  bench.run(put("a", "x", { session: stamp(7, 2 + sequencesRemembered) }));
  expect(largeRows()).toHaveLength(0);
});

test("whatever clients repeat and reorder, whenever the node restarts or moves: answers are those of a plain model (S112, property)", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const prng = new Prng(seed);
    const bench = new Bench({ sessionsMax: 4, pagesMax: 512 });
    const model = new SessionModel(4);
    for (let step = 0; step < 400; step += 1) {
      const session = stamp(prng.integer(1, 6), Math.max(1, bench.machine.lastApplied + prng.integer(-20, 20)));
      const raw = hex(bench.raw(put(`k${prng.integer(1, 9)}`, `${step}`, { session, wantPrevious: prng.chance(0.3) })));
      const wanted = model.answerTo(session, { index: bench.machine.lastApplied, given: raw });
      expect(wanted === "sessionExpired" ? resultOf(Buffer.from(raw, "hex")).status : raw).toBe(wanted);
      expect(wanted !== "sessionExpired" && resultOf(Buffer.from(raw, "hex")).status !== "ok").toBe(false);
      if (prng.chance(0.02)) bench.restart();
      if (prng.chance(0.01)) await bench.move();
    }
    expect(bench.machine.sessionCount).toBe(4);
  }
});

/** Remembers every answer of the sessions used last. */
class SessionModel {
  readonly #sessionsMax: number;
  readonly #sessions = new Map<bigint, { readonly answers: Map<number, string>; readonly floor: number; lastUse: number }>();
  #forgotten = 0;

  constructor(sessionsMax: number) {
    this.#sessionsMax = sessionsMax;
  }

  /** @param given what was answered at this index, right when the command is new. */
  answerTo({ id, sequence }: SessionStamp, { index, given }: { readonly index: number; readonly given: string }): string {
    const known = this.#sessions.get(id);
    const remembered = known?.answers.get(sequence);
    if (remembered !== undefined) return remembered;
    if (sequence <= (known?.floor ?? this.#forgotten)) return "sessionExpired";
    const session = known ?? { answers: new Map<number, string>(), floor: this.#forgotten, lastUse: 0 };
    session.answers.set(sequence, given);
    session.lastUse = index;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (this.#sessions.size > this.#sessionsMax) this.#forget(this.#sessions.keys().next().value!);
    return given;
  }

  #forget(id: bigint): void {
    const { answers, lastUse } = this.#sessions.get(id)!;
    this.#sessions.delete(id);
    this.#forgotten = Math.max(this.#forgotten, lastUse, ...answers.keys());
  }
}
