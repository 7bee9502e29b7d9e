import { expect, test } from "vitest";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { StateMachine } from "../../src/machine/state-machine.ts";
import { append, stateOf, del, entryOf, noopOf, put, resultOf, stamp } from "./bytes-of.ts";

test("StateMachine.apply(entry) takes one committed entry and answers it, and is the same as a batch of one (S113)", () => {
  const stores = [new MemoryStore(), new MemoryStore()];
  const [single, batched] = stores.map((store): StateMachine => new Machine({ store })) as [StateMachine, StateMachine];
  const entries = [
    entryOf(1, put("a", "1", { session: stamp(1, 1) })), noopOf(2), entryOf(3, append("s", "x"), 2), entryOf(4, del("a"), 2),
    entryOf(5, append("s", "y", { session: stamp(1, 2) }), 3),
  ];
  const answers = entries.map((entry) => single.apply(entry));
  expect(answers.map((bytes) => bytes && resultOf(bytes).status)).toEqual(["ok", undefined, "ok", "ok", "ok"]);
  expect([single.lastApplied, single.lastAppliedTerm]).toEqual([5, 3]);
  expect(batched.applyBatch(entries)).toEqual(answers);
  expect(single.digest()).toBe(batched.digest());
  expect(stateOf(stores[0]!)).toEqual(stateOf(stores[1]!));
  expect(single.apply(entries[4]!)).toBeUndefined();
  expect(single.digest()).toBe(batched.digest());
});
