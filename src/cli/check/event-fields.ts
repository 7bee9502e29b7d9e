// The fields of one line of a recorded history, taken one by one and checked: each has a form and a bound, and a field that nobody took is refused.
// Every error names the line and the value.

import { RaftctlError } from "../../base/errors.ts";
import { visible } from "../terminal.ts";
import { shownValue } from "./operation-text.ts";

const nameCharactersMax = 1024;

export class EventFields {
  readonly #place: string;
  readonly #fields: Map<string, unknown>;
  readonly #taken = new Set<string>();

  private constructor(place: string, fields: Map<string, unknown>) {
    this.#place = place;
    this.#fields = fields;
  }

  /** @param place for errors: "history line 3". */
  static parse(text: string, place: string): EventFields {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (cause) {
      throw new RaftctlError("INVALID_ARGUMENT", `${place}: not JSON: ${shownValue(text)}`, { cause });
    }
    if (typeof document !== "object" || document === null || Array.isArray(document)) {
      throw new RaftctlError("INVALID_ARGUMENT", `${place}: not an object: ${shownValue(text)}`);
    }
    return new EventFields(place, new Map(Object.entries(document)));
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== "string") throw this.#wrong(name, "a string");
    return value;
  }

  textOrNull(name: string): string | null {
    return this.#fields.get(name) === null ? (this.#taken.add(name), null) : this.text(name);
  }

  /** Not empty, and of bounded length. */
  name(name: string): string {
    const value = this.text(name);
    if (value === "" || value.length > nameCharactersMax) throw this.#wrong(name, `1 to ${nameCharactersMax} characters`);
    return value;
  }

  /** Not negative. */
  number(name: string): number {
    const value = this.#take(name);
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) throw this.#wrong(name, "a number from 0 on");
    return value;
  }

  /** A whole number from 0 to 2^53-1. */
  count(name: string): number {
    const value = this.number(name);
    if (!Number.isSafeInteger(value)) throw this.#wrong(name, "a whole number from 0 to 2^53-1");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#take(name);
    if (typeof value !== "boolean") throw this.#wrong(name, "true or false");
    return value;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#take(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw this.#wrong(name, `one of ${choices.join(", ")}`);
    return choice;
  }

  /** An answer may say again what was asked; then it must be that. */
  mustRepeat(name: string, expected: string): void {
    if (this.has(name) && this.text(name) !== expected) throw this.#wrong(name, `what was called, ${shownValue(expected)}`);
  }

  refuseOthers(): void {
    const other = [...this.#fields.keys()].find((name) => !this.#taken.has(name));
    if (other !== undefined) throw this.error(`a field that this kind of line does not have: ${shownValue(other)}`);
  }

  error(message: string): RaftctlError {
    return new RaftctlError("INVALID_ARGUMENT", `${this.#place}: ${message}`, { hint: "the format is described in docs/linearizability.md" });
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return this.#fields.get(name);
  }

  #wrong(name: string, wanted: string): RaftctlError {
    if (!this.has(name)) return this.error(`"${name}" is missing: want ${wanted}`);
    return this.error(`"${name}" is ${visible(JSON.stringify(this.#fields.get(name)).slice(0, 80))}: want ${wanted}`);
  }
}
