// A look over the bytes of one MessagePack value before they are decoded: one complete value and nothing after it, only the types that the
// protocol uses, bounded nesting and a bounded number of values. It allocates nothing, so a bomb of counts or of nesting costs its own bytes
// and no more. Extensions are refused altogether: records, which carry state from one message to the next, are one of them.
// It does not look into strings and does not check what a message means; that is check.ts.

import { RaftctlError } from "../base/errors.ts";
import { limits } from "./limits.ts";

const wordBytes = [1, 2, 4] as const;

export class MessagePackScan {
  /** Values still to come at each depth, and whether they are keys and values of a map. */
  readonly #remaining = new Uint32Array(limits.depthMax + 1);
  readonly #isMap = new Uint8Array(limits.depthMax + 1);
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #depth = 0;
  #nodes = 0;
  #mapEntries = 0;

  /** @returns how many map entries the value holds, all levels together. Throws BAD_FRAME. */
  run(bytes: Uint8Array): number {
    this.#bytes = bytes;
    this.#position = 0;
    this.#depth = 0;
    this.#nodes = 0;
    this.#mapEntries = 0;
    this.#remaining[0] = 1;
    this.#isMap[0] = 0;
    while (this.#enterNext()) this.#scanValue();
    if (this.#position !== bytes.length) throw badFrame(`${bytes.length - this.#position} bytes follow the value`);
    return this.#mapEntries;
  }

  /** Leaves the levels that are complete; false when the whole value is. */
  #enterNext(): boolean {
    while (this.#remaining[this.#depth] === 0) {
      if (this.#depth === 0) return false;
      this.#depth -= 1;
    }
    const left = this.#remaining[this.#depth]!;
    this.#remaining[this.#depth] = left - 1;
    if (this.#isMap[this.#depth] === 1 && left % 2 === 0) this.#requireString();
    return true;
  }

  #requireString(): void {
    const type = this.#bytes[this.#position];
    if (type === undefined || !((type >= 0xa0 && type <= 0xbf) || (type >= 0xd9 && type <= 0xdb))) throw badFrame("a map key is not a string");
  }

  #scanValue(): void {
    if (this.#position >= this.#bytes.length) throw badFrame("the value ends early");
    this.#nodes += 1;
    if (this.#nodes > limits.nodesMax) throw badFrame(`more than ${limits.nodesMax} values in one frame`);
    const type = this.#bytes[this.#position]!;
    this.#position += 1;
    if (type <= 0x7f || type >= 0xe0) return;
    if (type <= 0x8f) this.#open(type - 0x80, true);
    else if (type <= 0x9f) this.#open(type - 0x90, false);
    else if (type <= 0xbf) this.#skip(type - 0xa0);
    else this.#scanLong(type);
  }

  #scanLong(type: number): void {
    if (type === 0xc0 || type === 0xc2 || type === 0xc3) return;
    if (type >= 0xc4 && type <= 0xc6) return this.#skip(this.#count(wordBytes[(type - 0xc4) as 0 | 1 | 2]));
    if (type === 0xca) return this.#skip(4);
    if (type === 0xcb) return this.#skip(8);
    if (type >= 0xcc && type <= 0xd3) return this.#skip(1 << ((type - 0xcc) & 3));
    if (type >= 0xd9 && type <= 0xdb) return this.#skip(this.#count(wordBytes[(type - 0xd9) as 0 | 1 | 2]));
    if (type === 0xdc || type === 0xdd) return this.#open(this.#count(type === 0xdc ? 2 : 4), false);
    if (type === 0xde || type === 0xdf) return this.#open(this.#count(type === 0xde ? 2 : 4), true);
    throw badFrame(`type 0x${type.toString(16)} is not used by this protocol`);
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#position) throw badFrame("the value ends early");
    this.#position += length;
  }

  #open(count: number, isMap: boolean): void {
    const values = isMap ? count * 2 : count;
    if (values > this.#bytes.length - this.#position) throw badFrame(`${values} values are announced, ${this.#bytes.length - this.#position} bytes are left`);
    if (this.#depth === limits.depthMax) throw badFrame(`nested deeper than ${limits.depthMax}`);
    this.#depth += 1;
    this.#remaining[this.#depth] = values;
    this.#isMap[this.#depth] = isMap ? 1 : 0;
    if (isMap) this.#mapEntries += count;
  }

  #count(width: number): number {
    const start = this.#position;
    this.#skip(width);
    let value = 0;
    for (let offset = start; offset < this.#position; offset += 1) value = value * 256 + this.#bytes[offset]!;
    return value;
  }
}

function badFrame(reason: string): RaftctlError {
  return new RaftctlError("BAD_FRAME", `not a message of this protocol: ${reason}`);
}
