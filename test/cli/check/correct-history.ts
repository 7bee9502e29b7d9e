// Histories of clients of a register per key that is correct by construction: each operation takes effect at one moment between call and return, and
// some answers are lost, with or without the effect.

import { Prng } from "../../../src/base/prng.ts";
import { History } from "../../../src/cli/check/history.ts";
import type { Completed, Operation, Output } from "../../../src/cli/check/history.ts";

export interface CorrectHistoryOptions {
  readonly operations: number;
  readonly keys: number;
  /** Share of lost answers. */
  readonly unknown: number;
  readonly tellsVersions: boolean;
  /** Deletes and conditional puts, too. */
  readonly isMixed: boolean;
}

interface Held {
  readonly value: string;
  readonly version: number;
}

export function correctHistory(seed: number, options: CorrectHistoryOptions): Completed[] {
  const prng = new Prng(seed);
  const held = new Map<string, Held>();
  const history = new History(() => 0);
  const pending: (() => void)[] = [];
  const later = (step: () => void): void => void pending.splice(prng.integer(0, pending.length), 0, step);
  for (let count = 0; count < options.operations; count += 1) {
    const key = `k${prng.integer(0, options.keys - 1)}`;
    const operation = anyOperation(prng, { value: `v${count}`, held: held.get(key), isMixed: options.isMixed });
    const call = history.begin(`p${count % 8}`, key, operation);
    const isLost = prng.chance(options.unknown);
    const hasEffect = !isLost || prng.chance(0.5);
    const takeEffect = (): void => {
      const { next, output } = carryOut(held.get(key), operation);
      if (hasEffect && next === undefined) held.delete(key);
      else if (hasEffect) held.set(key, next!);
      const answer = (): void => {
        if (isLost) call.unknown();
        else call.ok(options.tellsVersions ? output : { value: output.value, applied: output.applied });
      };
      if (prng.chance(0.5)) answer();
      else later(answer);
    };
    if (prng.chance(0.3)) takeEffect();
    else later(takeEffect);
    while (pending.length > 8) pending.shift()!();
  }
  while (pending.length > 0) pending.shift()!();
  return history.operations();
}

function anyOperation(prng: Prng, { value, held, isMixed }: { value: string; held: Held | undefined; isMixed: boolean }): Operation {
  if (prng.chance(0.5)) return { kind: "get" };
  const chance = isMixed ? prng.next() : 0;
  if (chance < 0.5) return { kind: "put", value };
  if (chance < 0.7) return { kind: "delete" };
  if (held === undefined || chance < 0.8) return { kind: "putIf", value, condition: { absent: true } };
  return { kind: "putIf", value, condition: chance < 0.9 ? { version: held.version } : { value: held.value } };
}

/** What the operation makes of what is held, and what it answers. */
export function carryOut(held: Held | undefined, operation: Operation): { next: Held | undefined; output: Output } {
  const version = held?.version ?? 0;
  switch (operation.kind) {
    case "get":
      return { next: held, output: { value: held?.value, version: held?.version } };
    case "put":
      return { next: { value: operation.value, version: version + 1 }, output: { version: version + 1 } };
    case "delete":
      return { next: undefined, output: { found: held !== undefined } };
    case "putIf": {
      const { condition, value } = operation;
      const applied = "absent" in condition ? held === undefined : "version" in condition ? version === condition.version : held?.value === condition.value;
      return applied ? { next: { value, version: version + 1 }, output: { applied, version: version + 1 } } : { next: held, output: { applied, version } };
    }
  }
}
