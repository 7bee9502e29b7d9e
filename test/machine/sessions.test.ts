import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { rememberedResultBytesMax, sequencesRemembered, type SessionLimits } from "../../src/machine/sessions.ts";
import type { Command, SessionStamp } from "../../src/wire/command.ts";
import { asyncOf, contentOf, del, entryOf, hex, put, resultOf, stamp } from "./bytes-of.ts";

class Bench {
  store = new MemoryStore();
  machine: Machine;
  readonly #limits: SessionLimits | undefined;

  constructor(limits?: SessionLimits) {
    this.#limits = limits;
    this.machine = this.#machineOver(this.store);
  }

  run(command: Command): ReturnType<typeof resultOf> {
    return resultOf(this.raw(command));
  }

  raw(command: Command): Uint8Array {
    return this.machine.apply(entryOf(this.machine.lastApplied + 1, command))!;
  }

  restart(): void {
    this.machine = this.#machineOver(this.store);
  }

  /** The content moves to another node through an image. */
  async move(): Promise<void> {
    const image = this.machine.image();
    const store = new MemoryStore();
    const machine = this.#machineOver(store);
    await machine.restore(image, asyncOf(image.chunks()));
    image.close();
    this.store = store;
    this.machine = machine;
  }

  #machineOver(store: MemoryStore): Machine {
    return new Machine({ store, ...(this.#limits && { sessionLimits: this.#limits }) });
  }
}

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

test("an unknown session opens with sequence 1 alone; anything later is expired and never executed (H37)", () => {
  const bench = new Bench();
  expect(bench.run(put("a", "1", { session: stamp(7, 2) }))).toMatchObject({ status: "sessionExpired", version: 0 });
  expect(bench.machine.get(utf8("a"))).toBeUndefined();
  expect(bench.machine.sessionCount).toBe(0);
  expect(bench.run(put("a", "1", { session: stamp(7, 1) })).status).toBe("ok");
  expect(bench.run(put("a", "2", { session: stamp(7, 2) })).status).toBe("ok");
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
  expect(bench.run(put("a", "2", { session: stamp(7, Number.MAX_SAFE_INTEGER) })).status).toBe("ok");
  bench.restart();
  for (const sequence of [2, 17, Number.MAX_SAFE_INTEGER - sequencesRemembered]) {
    expect(bench.run(put("a", "3", { session: stamp(7, sequence) })).status).toBe("sessionExpired");
  }
  expect(bench.run(put("a", "3", { session: stamp(7, 1) }))).toMatchObject({ status: "ok", version: 1, index: 1 });
  expect(bench.run(put("a", "3", { session: stamp(7, Number.MAX_SAFE_INTEGER) }))).toMatchObject({ status: "ok", version: 2 });
});

test("ids use all 64 bits", () => {
  const bench = new Bench();
  const ids = [1n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 64n - 1n];
  for (const id of ids) expect(bench.run(put("a", "x", { session: { id, sequence: 1 } })).status).toBe("ok");
  bench.restart();
  expect(bench.machine.sessionCount).toBe(ids.length);
  for (const [position, id] of ids.entries()) expect(bench.run(put("a", "x", { session: { id, sequence: 1 } })).version).toBe(position + 1);
});

test("the oldest session makes room, the same one whether or not the node was restarted; its later commands are expired (H37)", async () => {
  const limits = { sessionsMax: 3, pagesMax: 200 };
  const benches = [new Bench(limits), new Bench(limits), new Bench(limits)];
  for (const [position, bench] of benches.entries()) {
    for (const id of [1, 2, 3]) bench.run(put("a", "x", { session: stamp(id, 1), wantPrevious: true }));
    bench.run(put("a", "x", { session: stamp(1, 2) }));
    if (position === 1) bench.restart();
    if (position === 2) await bench.move();
    bench.run(put("a", "x", { session: stamp(4, 1) }));
    expect(bench.machine.sessionCount).toBe(3);
    expect(bench.run(put("a", "x", { session: stamp(2, 2) })).status).toBe("sessionExpired");
    for (const [id, sequence] of [[1, 3], [3, 2], [4, 2]] as const) expect(bench.run(put("a", "x", { session: stamp(id, sequence) })).status).toBe("ok");
    expect(contentOf(bench.store).filter(([key]) => key.slice(2, 18) === "0000000000000002" && key.startsWith("2"))).toEqual([]);
  }
  expect(new Set(benches.map(({ machine }) => machine.digest())).size).toBe(1);
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
      const session = stamp(prng.integer(1, 6), prng.chance(0.2) ? 1 : prng.integer(1, 40));
      const raw = hex(bench.raw(put(`k${prng.integer(1, 9)}`, `${step}`, { session, wantPrevious: prng.chance(0.3) })));
      const wanted = model.answerTo(session, raw);
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
  readonly #sessions = new Map<bigint, Map<number, string>>();

  constructor(sessionsMax: number) {
    this.#sessionsMax = sessionsMax;
  }

  /** @param given what was answered, right when the command is new. */
  answerTo({ id, sequence }: SessionStamp, given: string): string {
    const known = this.#sessions.get(id);
    if (known === undefined && sequence > 1) return "sessionExpired";
    const remembered = known?.get(sequence);
    if (remembered !== undefined) return remembered;
    const answers = known ?? new Map<number, string>();
    answers.set(sequence, given);
    this.#sessions.delete(id);
    this.#sessions.set(id, answers);
    if (this.#sessions.size > this.#sessionsMax) this.#sessions.delete(this.#sessions.keys().next().value!);
    return given;
  }
}
