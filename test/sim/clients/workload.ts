// What the clients do: reads, writes, conditional writes and deletes of a few keys, some of them pairs that are written by transactions. A key retires after a number of operations and another takes its
// place, so that the checker's work per key stays small; values are unique, so that a lost or repeated effect cannot hide.

import type { Prng } from "../../../src/base/prng.ts";
import type { KeyOperation } from "../../../src/cli/check/history.ts";
import type { ClientKnobs } from "../world/knobs.ts";
import { pairName } from "./pairs.ts";

export interface Step {
  readonly key: string;
  readonly operation: KeyOperation;
}

export class Workload {
  readonly #knobs: ClientKnobs;
  readonly #prng: Prng;
  #taken = 0;
  #closed = false;
  /** What a client last saw of each key: conditions that hold now and then. */
  readonly #seen = new Map<string, { value: string | undefined; version: number }>();

  constructor(knobs: ClientKnobs, prng: Prng) {
    this.#knobs = knobs;
    this.#prng = prng;
  }

  get exhausted(): boolean {
    return this.#closed || this.#taken >= this.#knobs.operations;
  }

  /** Nothing new is begun. */
  close(): void {
    this.#closed = true;
  }

  /** All keys that were ever used. */
  keys(): string[] {
    const generations = Math.ceil(this.#taken / (this.#knobs.keys * this.#knobs.operationsPerKey));
    return Array.from({ length: generations * this.#knobs.keys }, (_, position) => this.#keyAt(Math.floor(position / this.#knobs.keys), position % this.#knobs.keys));
  }

  next(client: string): Step {
    const number = this.#taken++;
    const { keys, operationsPerKey, readShare } = this.#knobs;
    const key = this.#keyAt(Math.floor(number / (keys * operationsPerKey)), this.#prng.integer(0, keys - 1));
    if (this.#prng.chance(readShare)) return { key, operation: { kind: "get" } };
    const value = `${client}-${number}`.padEnd(this.#prng.integer(0, this.#knobs.valueBytesMax), ".");
    return { key, operation: this.#write(key, value) };
  }

  saw(key: string, value: string | undefined, version: number): void {
    this.#seen.set(key, { value, version });
  }

  #write(key: string, value: string): KeyOperation {
    const chance = this.#prng.next();
    if (chance < 0.55) return { kind: "put", value };
    if (chance < 0.7) return { kind: "delete" };
    const seen = this.#seen.get(key);
    if (seen === undefined || chance < 0.78) return { kind: "putIf", value, condition: { absent: true } };
    if (chance < 0.9 || seen.value === undefined) return { kind: "putIf", value, condition: { version: seen.version } };
    return { kind: "putIf", value, condition: { value: seen.value } };
  }

  #keyAt(generation: number, number: number): string {
    return number < this.#knobs.keys - this.#knobs.pairs ? `k${generation}.${number}` : pairName(generation, number);
  }
}
