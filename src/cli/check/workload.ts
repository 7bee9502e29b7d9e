// What the clients of a check do: reads, writes, conditional writes and deletes of a few keys at a time. A key retires after a bounded number of
// operations and a new one takes its place, so that the checker's work per key stays small. Values are unique, so that a lost or repeated effect
// cannot hide. Conditions are made of what was last seen, so that they hold now and then.

import type { Prng } from "../../base/prng.ts";
import type { Completed, Condition, Operation, Output } from "./history.ts";

export interface WorkloadOptions {
  /** Of every key; ends with a slash. */
  readonly prefix: string;
  /** In use at a time. */
  readonly keys: number;
  /** Share of reads, 0 to 1. */
  readonly reads: number;
}

export const operationsPerKey = 200;
/** A recorded history of so many operations can still be read back. */
export const operationsMax = 500_000;

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #prng: Prng;
  #taken = 0;
  readonly #seen = new Map<string, { readonly value: string | undefined; readonly version: number | undefined }>();

  constructor(options: WorkloadOptions, prng: Prng) {
    this.#options = options;
    this.#prng = prng;
  }

  get taken(): number {
    return this.#taken;
  }

  next(process: string): Pick<Completed, "key" | "operation"> {
    const number = this.#taken++;
    const { prefix, keys, reads } = this.#options;
    const key = `${prefix}${Math.floor(number / (operationsPerKey * keys))}/${number % keys}`;
    if (number % keys === 0 && number % (operationsPerKey * keys) === 0) this.#seen.clear();
    return { key, operation: this.#prng.chance(reads) ? { kind: "get" } : this.#write(key, `${process}-${number}`) };
  }

  /** The answer of an operation, for the conditions of later ones. */
  saw(key: string, operation: Operation, { value, version, applied }: Output): void {
    if (operation.kind === "get") this.#seen.set(key, { value, version });
    else if (operation.kind === "delete") this.#seen.set(key, { value: undefined, version: 0 });
    else if (applied !== false) this.#seen.set(key, { value: operation.value, version });
  }

  #write(key: string, value: string): Operation {
    const chance = this.#prng.next();
    if (chance < 0.45) return { kind: "put", value };
    if (chance < 0.6) return { kind: "delete" };
    return { kind: "putIf", value, condition: this.#condition(key) };
  }

  #condition(key: string): Condition {
    const seen = this.#seen.get(key);
    if (seen?.value === undefined || this.#prng.chance(0.1)) return { absent: true };
    return seen.version !== undefined && this.#prng.chance(0.5) ? { version: seen.version } : { value: seen.value };
  }
}
