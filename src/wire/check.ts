// The door for values from outside: positional fields in, typed values or a RaftctlError out. Integers are safe integers in range (so 2^53+1,
// -0, NaN and fractions are refused), ids are valid, sizes are bounded, and a message has exactly the fields that it must have.
// It does not know any message; peer-codec.ts, client-codec.ts and handshake.ts do.

import { utf8 } from "../base/bytes.ts";
import { RaftctlError, type ErrorCode } from "../base/errors.ts";
import { parseClusterId, parseNodeId, type ClusterId, type NodeId, type RegionId } from "../base/ids.ts";
import { limits } from "./limits.ts";

/** Reads the fields of one message in order. Every method takes the field's name, for the error. */
export class FieldReader {
  readonly #fields: readonly unknown[];
  readonly #message: string;
  readonly #code: ErrorCode;
  #next: number;

  /** @param first where the reader begins: what stands before belongs to the envelope. */
  constructor(message: string, fields: readonly unknown[], first: number, code: ErrorCode = "BAD_REQUEST") {
    this.#fields = fields;
    this.#message = message;
    this.#code = code;
    this.#next = first;
  }

  /** An integer from `low` to `high`, both included. */
  integer(name: string, low = 0, high: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.take(name);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high && !Object.is(value, -0)) return value;
    throw this.refusal(name, value, `an integer from ${low} to ${high}`);
  }

  optionalInteger(name: string, low = 0, high: number = Number.MAX_SAFE_INTEGER): number | undefined {
    return this.#skipNull() ? undefined : this.integer(name, low, high);
  }

  /** A finite number of at least 0, with fractions. */
  quantity(name: string): number {
    const value = this.take(name);
    if (typeof value === "number" && value >= 0 && value < Infinity) return value;
    throw this.refusal(name, value, "a number of at least 0");
  }

  optionalQuantity(name: string): number | undefined {
    return this.#skipNull() ? undefined : this.quantity(name);
  }

  boolean(name: string): boolean {
    const value = this.take(name);
    if (typeof value === "boolean") return value;
    throw this.refusal(name, value, "true or false");
  }

  /** A view: it keeps the chunk that it came with alive. */
  bytes(name: string, lengthMax: number): Uint8Array {
    const value = this.take(name);
    if (value instanceof Uint8Array && value.length <= lengthMax) return value;
    throw this.refusal(name, value, `at most ${lengthMax} bytes`);
  }

  optionalBytes(name: string, lengthMax: number): Uint8Array | undefined {
    return this.#skipNull() ? undefined : this.bytes(name, lengthMax);
  }

  text(name: string, bytesMax: number): string {
    const value = this.take(name);
    if (typeof value === "string" && value.length <= bytesMax && (value.length * 3 <= bytesMax || utf8(value).length <= bytesMax)) return value;
    throw this.refusal(name, value, `text of at most ${bytesMax} bytes`);
  }

  optionalText(name: string, bytesMax: number): string | undefined {
    return this.#skipNull() ? undefined : this.text(name, bytesMax);
  }

  /** One of the names, by its number on the wire. */
  choice<Name extends string>(name: string, numbers: Readonly<Record<Name, number>>): Name {
    const value = this.take(name);
    for (const candidate in numbers) if (numbers[candidate] === value) return candidate;
    throw this.refusal(name, value, `one of ${Object.values(numbers).join(", ")}`);
  }

  nodeId(name: string): NodeId {
    const value = this.take(name);
    if (typeof value !== "string") throw this.refusal(name, value, "a node id");
    return this.#parse(name, () => parseNodeId(value));
  }

  optionalNodeId(name: string): NodeId | undefined {
    return this.#skipNull() ? undefined : this.nodeId(name);
  }

  optionalClusterId(name: string): ClusterId | undefined {
    if (this.#skipNull()) return undefined;
    const value = this.take(name);
    if (typeof value !== "string") throw this.refusal(name, value, "a cluster id");
    return this.#parse(name, () => parseClusterId(value));
  }

  regionId(name: string): RegionId {
    return this.integer(name, 1, 0xffff_ffff) as RegionId;
  }

  /** A list, each element read by `read` from a reader that stands on it. */
  list<T>(name: string, lengthMax: number, read: (element: FieldReader) => T): T[] {
    const value = this.take(name);
    if (!Array.isArray(value) || value.length > lengthMax) throw this.refusal(name, value, `a list of at most ${lengthMax}`);
    const elements = new FieldReader(`${this.#message}.${name}`, value, 0, this.#code);
    const result: T[] = [];
    while (result.length < value.length) result.push(read(elements));
    return result;
  }

  /** A list with a fixed meaning for each position. */
  group<T>(name: string, read: (fields: FieldReader) => T): T {
    const value = this.take(name);
    if (!Array.isArray(value)) throw this.refusal(name, value, "a list of fields");
    const fields = new FieldReader(`${this.#message}.${name}`, value, 0, this.#code);
    const result = read(fields);
    fields.end();
    return result;
  }

  /** Any value of the codec; only its owner can check more. */
  take(name: string): unknown {
    if (this.#next >= this.#fields.length) throw new RaftctlError(this.#code, `${this.#message}: ${name} is missing`);
    const value = this.#fields[this.#next];
    this.#next += 1;
    return value;
  }

  /** Whether every field was read: what may follow was added to the message later. */
  get atEnd(): boolean {
    return this.#next >= this.#fields.length;
  }

  /** Throws when there are more fields than the message has. */
  end(): void {
    const extra = this.#fields.length - this.#next;
    if (extra > 0) throw new RaftctlError(this.#code, `${this.#message}: ${extra} fields too many`);
  }

  refusal(name: string, value: unknown, want: string): RaftctlError {
    return new RaftctlError(this.#code, `${this.#message}: ${name} is ${describeValue(value)} (want ${want})`);
  }

  #skipNull(): boolean {
    if (this.#next >= this.#fields.length || this.#fields[this.#next] !== null) return false;
    this.#next += 1;
    return true;
  }

  #parse<T>(name: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw new RaftctlError(this.#code, `${this.#message}: ${name}: ${(error as Error).message}`);
    }
  }
}

/** Short and without control characters, for a message that may end in a log or on a terminal. */
export function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "a map";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Plain JSON of bounded depth and size; throws BAD_REQUEST. */
export function checkPlainParams(method: string, params: unknown): void {
  const used = plainSize(method, params, 0);
  if (used > limits.adminParamsBytesMax) {
    throw new RaftctlError("BAD_REQUEST", `admin ${describeValue(method)}: params of about ${used} bytes (want at most ${limits.adminParamsBytesMax})`);
  }
}

function plainSize(method: string, value: unknown, depth: number): number {
  if (depth > limits.adminParamsDepthMax) {
    throw new RaftctlError("BAD_REQUEST", `admin ${describeValue(method)}: params nested deeper than ${limits.adminParamsDepthMax}`);
  }
  if (typeof value === "string") return value.length + 1;
  if (value instanceof Uint8Array) throw new RaftctlError("BAD_REQUEST", `admin ${describeValue(method)}: params hold bytes (want plain JSON)`);
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) {
    throw new RaftctlError("BAD_REQUEST", `admin ${describeValue(method)}: params hold ${value} (want a number of JSON)`);
  }
  if (typeof value !== "object" || value === null) return 9;
  let size = 1;
  for (const [key, part] of Object.entries(value)) size += key.length + 1 + plainSize(method, part, depth + 1);
  return size;
}
