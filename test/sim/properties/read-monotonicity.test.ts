// The checker that answers do not go back: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import type { ClientAnswer } from "./property.ts";
import { ReadMonotonicity } from "./read-monotonicity.ts";

function answer(kind: ClientAnswer["kind"], index: number, changes: Partial<ClientAnswer> = {}): ClientAnswer {
  return { client: "c1", node: "n1", boot: 1, kind, index, ...changes };
}

test("a linearizable read below an earlier answer of the same client is a violation, on any node (S110, H21, H22)", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("write", 7));
  expect(() => property.answered(answer("linearizable read", 6, { node: "n2" }))).toThrow("c1 is answered a linearizable read at index 6 by n2, after one at index 7");
});

test("a write below an earlier read is a violation", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("linearizable read", 7));
  expect(() => property.answered(answer("write", 6))).toThrow("Read Monotonicity");
});

test("two writes at one index are a violation: one of them got the other's answer", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("write", 7));
  expect(() => property.answered(answer("write", 7))).toThrow("two of its writes are at index 7");
});

test("a stale read below an earlier one of the same boot of the same node is a violation", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("stale read", 7));
  expect(() => property.answered(answer("stale read", 6))).toThrow("c1 reads at index 6 from n1, after it read at index 7 there");
});

test("stale reads may be behind everything else, and behind another node or boot", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("write", 9));
  property.answered(answer("stale read", 7));
  property.answered(answer("stale read", 5, { node: "n2" }));
  property.answered(answer("stale read", 6, { boot: 2 }));
  property.answered(answer("stale read", 7));
});

test("reads at the same index, a read at the index of the write before it, and other clients are legal", () => {
  const property = new ReadMonotonicity();
  property.answered(answer("write", 7));
  property.answered(answer("linearizable read", 7));
  property.answered(answer("linearizable read", 7, { node: "n3" }));
  property.answered(answer("linearizable read", 3, { client: "c2" }));
  property.answered(answer("write", 8));
});
