// Histories of clients of a register per key that is correct by construction: each operation takes effect at one moment between call and return, and
// some answers are lost, with or without the effect. Keys may hang on leases, which are revoked, or end by themselves behind the moment that was told.

import { Prng } from "../../../src/base/prng.ts";
import { History } from "../../../src/cli/check/history.ts";
import type { Completed, Expiry, KeyOperation, Operation, Output } from "../../../src/cli/check/history.ts";

export interface CorrectHistoryOptions {
  readonly operations: number;
  readonly keys: number;
  /** Share of lost answers. */
  readonly unknown: number;
  readonly tellsVersions: boolean;
  /** Deletes and conditional puts, too. */
  readonly isMixed: boolean;
  /** All keys hang on leases, which end. */
  readonly isLeased?: boolean;
}

/** The lease of the key has ended. */
export const gone = "gone";
/** undefined: the key is absent. */
export type Held = { readonly value: string; readonly version: number } | undefined | typeof gone;

export function correctHistory(seed: number, options: CorrectHistoryOptions): Completed[] {
  const prng = new Prng(seed);
  const held = new Map<string, Held>();
  let nowMs = 0;
  const history = new History(() => nowMs);
  const expiries = new Map<string, { readonly handle: Expiry; readonly notBeforeMs: number }>();
  const pending: (() => void)[] = [];
  const later = (step: () => void): void => void pending.splice(prng.integer(0, pending.length), 0, step);
  for (let count = 0; count < options.operations; count += 1) {
    nowMs += 1;
    // As long as before, and then a new one: so each key has several lives.
    const life = Math.floor(count / 40);
    const key = options.isLeased === true ? `k${life}.${prng.integer(0, options.keys - 1)}` : `k${prng.integer(0, options.keys - 1)}`;
    if (options.isLeased === true) tend(key);
    const operation = anyOperation(prng, { value: `v${count}`, held: held.get(key), ...options });
    const call = history.begin(`p${count % 8}`, key, operation);
    const isLost = prng.chance(options.unknown);
    const hasEffect = !isLost || prng.chance(0.5);
    const takeEffect = (): void => {
      const { next, output } = carryOut(held.get(key), operation);
      if (hasEffect) held.set(key, next);
      const answer = (): void => {
        if (isLost) call.unknown();
        else call.ok(options.tellsVersions ? output : { value: output.value, applied: output.applied, ended: output.ended });
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

  /** It ends at its moment or later, and now and then is kept alive before. */
  function tend(key: string): void {
    const known = expiries.get(key);
    if (known === undefined) {
      const notBeforeMs = nowMs + prng.integer(5, 60);
      expiries.set(key, { handle: history.expireFrom(key, "1", notBeforeMs), notBeforeMs });
    } else if (nowMs >= known.notBeforeMs && prng.chance(0.2)) {
      held.set(key, gone);
    } else if (nowMs < known.notBeforeMs && prng.chance(0.1)) {
      const notBeforeMs = nowMs + 20;
      known.handle.postpone(notBeforeMs);
      expiries.set(key, { ...known, notBeforeMs: Math.max(notBeforeMs, known.notBeforeMs) });
    }
  }
}

interface Surroundings {
  readonly value: string;
  readonly held: Held;
  readonly isMixed: boolean;
  readonly isLeased?: boolean;
}

function anyOperation(prng: Prng, { value, held, isMixed, isLeased = false }: Surroundings): KeyOperation | { kind: "revoke" } {
  if (prng.chance(0.5)) return { kind: "get" };
  if (isLeased && prng.chance(0.05)) return { kind: "revoke" };
  const chance = isMixed ? prng.next() : 0;
  if (chance < 0.5) return { kind: "put", value };
  if (chance < 0.7) return { kind: "delete" };
  if (held === undefined || held === gone || chance < 0.8) return { kind: "putIf", value, condition: { absent: true } };
  return { kind: "putIf", value, condition: chance < 0.9 ? { version: held.version } : { value: held.value } };
}

/** What the operation makes of what is held, and what it answers. */
export function carryOut(held: Held, operation: Operation): { next: Held; output: Output } {
  if (held === gone) return { next: gone, output: refusal(operation) };
  const version = held?.version ?? 0;
  switch (operation.kind) {
    case "get":
      return { next: held, output: { value: held?.value, version: held?.version } };
    case "put":
      return { next: { value: operation.value, version: version + 1 }, output: { version: version + 1 } };
    case "delete":
      return { next: undefined, output: { found: held !== undefined } };
    case "revoke":
    case "expire":
      return { next: gone, output: { found: true } };
    case "putIf": {
      const { condition, value } = operation;
      const applied = "absent" in condition ? held === undefined : "version" in condition ? version === condition.version : held?.value === condition.value;
      return applied ? { next: { value, version: version + 1 }, output: { applied, version: version + 1 } } : { next: held, output: { applied, version } };
    }
  }
}

/** Behind the end of the lease. */
function refusal({ kind }: Operation): Output {
  switch (kind) {
    case "get":
      return {};
    case "put":
      return { ended: true };
    case "putIf":
      return { applied: false, ended: true };
    case "delete":
    case "revoke":
    case "expire":
      return { found: false };
  }
}
