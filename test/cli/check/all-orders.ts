// The definition of linearizability, word for word and without a thought for time: is there an order of the operations that keeps the order of those that
// did not overlap, and in which a register gives each its answer? For histories of a few operations, to hold the search against.

import fc from "fast-check";
import type { Completed, Operation, Output } from "../../../src/cli/check/history.ts";
import { carryOut, gone, type Held } from "./correct-history.ts";

export function someOrderExplains(history: readonly Completed[]): boolean {
  return canGoOn(history.filter((item) => item.outcome !== "failed"), undefined);
}

function canGoOn(left: readonly Completed[], held: Held): boolean {
  if (left.every((item) => item.outcome === "unknown")) return true;
  return left.some((item) => {
    if (left.some((other) => other !== item && other.outcome === "ok" && other.returned! < item.called)) return false;
    const { next, output } = carryOut(held, item.operation);
    if (item.outcome === "ok" && !isTold(item, output) && !(held === gone && isConditionRefused(item))) return false;
    return canGoOn(left.filter((other) => other !== item), next);
  });
}

/** A condition may be looked at before the lease: then it is that what does not hold. */
function isConditionRefused({ operation, output = {} }: Completed): boolean {
  if (operation.kind !== "putIf" || output.applied === true || output.ended === true) return false;
  return carryOut(undefined, operation).output.applied === false && (output.version ?? 0) === 0;
}

/** Every field of the answer that was told is that of the register; a get always tells its value, and a put, if it was done. */
function isTold({ operation, output = {} }: Completed, actual: Output): boolean {
  if (operation.kind === "get" && output.value !== actual.value) return false;
  if ((output.ended ?? false) !== (actual.ended ?? false)) return false;
  return (["version", "found", "applied"] as const).every((field) => output[field] === undefined || output[field] === (actual[field] ?? 0));
}

const value = fc.constantFrom("a", "b", "c");
const version = fc.integer({ min: 0, max: 3 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.constant<Operation>({ kind: "get" }),
  fc.constant<Operation>({ kind: "delete" }),
  fc.constantFrom<Operation>({ kind: "revoke" }, { kind: "expire" }),
  fc.record({ kind: fc.constant("put" as const), value }),
  fc.record({
    kind: fc.constant("putIf" as const), value,
    condition: fc.oneof(fc.constant({ absent: true as const }), fc.record({ value }), fc.record({ version })),
  }),
);

function outputOf(asked: Operation): fc.Arbitrary<Output> {
  switch (asked.kind) {
    case "get":
      return fc.record({ value: maybe(value) });
    case "put":
      return fc.oneof(fc.record({ version: maybe(fc.integer({ min: 1, max: 3 })) }), fc.constant({ ended: true }));
    case "delete":
    case "revoke":
    case "expire":
      return fc.record({ found: maybe(fc.boolean()) });
    case "putIf":
      return fc.oneof(fc.record({ applied: maybe(fc.boolean()) }), fc.constant({ applied: false, ended: true }));
  }
}

const item = operation.chain((asked) => fc.record({
  asked: fc.constant(asked), output: outputOf(asked),
  outcome: asked.kind === "expire" ? fc.constant("unknown" as const) : fc.constantFrom("ok", "ok", "ok", "ok", "unknown", "failed" as const),
  length: fc.integer({ min: 0, max: 3 }),
}));

/** Up to six operations on one key whose calls and returns are spread over few moments, with any answers. */
export const smallHistory: fc.Arbitrary<Completed[]> = fc.array(item, { minLength: 1, maxLength: 6 }).map((items) => items.map((entry, place) => {
  const called = place * 10;
  const returned = entry.outcome === "unknown" ? undefined : called + entry.length * 10 + 5;
  return {
    process: `p${place}`, key: "k", operation: entry.asked, outcome: entry.outcome, output: entry.outcome === "ok" ? entry.output : undefined,
    called, returned, startedMs: called, endedMs: returned ?? Number.POSITIVE_INFINITY,
  };
}));
