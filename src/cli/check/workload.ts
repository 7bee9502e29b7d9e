// What the clients of a check do: reads, writes, conditional writes and deletes of a few registers at a time: keys, pairs of keys that are written by
// transactions, and both of them hanging on a lease, which is revoked or runs out. A register retires after a bounded number of operations and a new one takes
// its place, so that the checker's work for each stays small. Values are unique, so that a lost or repeated effect cannot hide. Conditions are made of what was
// last seen, so that they hold now and then.

import type { Prng } from "../../base/prng.ts";
import type { Condition, Output } from "./history.ts";
import { KeyLease } from "./key-lease.ts";
import type { CheckOperation, Register } from "./perform.ts";

export interface WorkloadOptions {
  /** Of every key; ends with a slash. */
  readonly prefix: string;
  /** Registers in use at a time. */
  readonly keys: number;
  /** Share of reads, 0 to 1. */
  readonly reads: number;
  /** Share of the registers that are pairs, 0 to 1. */
  readonly pairs: number;
  /** Share of the registers that hang on a lease, 0 to 1; half of these are pairs, too. Not more than 1 together with `pairs`. */
  readonly leased: number;
}

export const operationsPerKey = 200;
/** A recorded history of so many operations can still be read back. */
export const operationsMax = 500_000;
/** Still done when the lease of a register has ended. */
const operationsBehindTheEnd = 20;
/** From shorter than a change of leader to a few of them. */
const ttlsMs = [100, 200, 400, 800, 1600] as const;
const renewalsMax = 3;

interface Place {
  readonly register: Register;
  left: number;
  /** Of the latest answer; value undefined: it was absent. */
  seen: { readonly value: string | undefined; readonly version: number | undefined } | undefined;
}

export interface Task {
  readonly place: Place;
  readonly operation: CheckOperation;
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #prng: Prng;
  readonly #places: Place[] = [];
  #taken = 0;
  #registers = 0;

  constructor(options: WorkloadOptions, prng: Prng) {
    this.#options = options;
    this.#prng = prng;
  }

  get taken(): number {
    return this.#taken;
  }

  next(process: string): Task {
    const number = this.#taken++;
    const slot = number % this.#options.keys;
    let place = this.#places[slot];
    if (place === undefined || place.left === 0) this.#places[slot] = place = { register: this.#newRegister(), left: operationsPerKey, seen: undefined };
    place.left -= 1;
    const operation: CheckOperation = this.#prng.chance(this.#options.reads) ? { kind: "get" } : this.#write(place, `${process}-${number}`);
    return { place, operation };
  }

  /** The answer of an operation, for the conditions of later ones. */
  saw({ place, operation }: Task, { value, version, applied, ended }: Output): void {
    if (operation.kind === "revoke" || ended === true) return this.#end(place);
    if (operation.kind === "get") place.seen = { value, version };
    else if (operation.kind === "delete") place.seen = { value: undefined, version: 0 };
    else if (applied !== false) place.seen = { value: operation.value, version };
  }

  /** It cannot be used. */
  retire({ place }: Task): void {
    place.left = 0;
  }

  #end(place: Place): void {
    place.left = Math.min(place.left, operationsBehindTheEnd);
  }

  #newRegister(): Register {
    const number = this.#registers++;
    const { prefix, pairs, leased } = this.#options;
    // The golden ratio spreads few registers over the kinds as evenly as many.
    const share = ((number + 1) * 0.618_033_988_75) % 1;
    const isLeased = share >= pairs && share < pairs + leased;
    const isPair = share < pairs || (isLeased && number % 2 === 0);
    const name = `${prefix}${isLeased ? "leased-" : ""}${isPair ? "pair" : "key"}/${number}`;
    return { name, isPair, lease: isLeased ? this.#newLease(name) : undefined };
  }

  #newLease(key: string): KeyLease {
    return new KeyLease({ key, ttlMs: ttlsMs[this.#prng.integer(0, ttlsMs.length - 1)]!, renewals: this.#prng.integer(0, renewalsMax) });
  }

  #write(place: Place, value: string): CheckOperation {
    if (place.register.lease !== undefined && this.#prng.chance(0.01)) return { kind: "revoke" };
    const chance = this.#prng.next();
    if (chance < 0.45) return { kind: "put", value };
    if (chance < 0.6) return { kind: "delete" };
    return { kind: "putIf", value, condition: this.#condition(place) };
  }

  #condition({ seen }: Place): Condition {
    if (seen?.value === undefined || this.#prng.chance(0.1)) return { absent: true };
    return seen.version !== undefined && this.#prng.chance(0.5) ? { version: seen.version } : { value: seen.value };
  }
}
