// What the session table no longer remembers, and since when. Two things in one row of the store, equal on every node because they follow from the entries:
//
// `forgotten` is the highest number that a forgotten session may have used: the highest of all their sequence numbers and of the indexes of their last
// commands. A number above it was never used by a session that is not in the table; one that is not above it may have been.
//
// `ticks` say up to which index the log had come at which time, by the clocks of the leaders that took the entries in (wire/command.ts). A session that was not used
// since a tick of `idleMs` ago expires: never earlier than that, and later where there were no entries for a while. A clock that goes back is not followed.
//
//    0  u32  CRC-32 of what follows      12  count times:  u64 time, ms since 1970, ascending | u64 index
//    4  u64  forgotten

import { assert } from "../base/assert.ts";
import { readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";

/** From one tick to the next: this part of the time after which a session expires. */
const ticksPerIdleTime = 12;
const ticksMax = ticksPerIdleTime + 1;
const headBytes = 12;
const tickBytes = 16;

interface Tick {
  readonly time: number;
  readonly index: number;
}

export class SessionHorizon {
  readonly #idleMs: number;
  #forgotten = 0;
  #ticks: readonly Tick[] = [];
  #isChanged = false;

  /** @param row as `takeChange` gave it, undefined before the first. @throws CORRUPT */
  constructor(row: Uint8Array | undefined, idleMs: number, crc32: Crc32) {
    this.#idleMs = idleMs;
    if (row === undefined) return;
    checkSessionHorizon(row, crc32);
    this.#forgotten = readSafeU64(row, 4);
    this.#ticks = Array.from({ length: (row.length - headBytes) / tickBytes }, (_, place) => {
      const offset = headBytes + place * tickBytes;
      return { time: readSafeU64(row, offset), index: readSafeU64(row, offset + 8) };
    });
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  forget(number: number): void {
    if (number <= this.#forgotten) return;
    this.#forgotten = number;
    this.#isChanged = true;
  }

  /** Whether it is noted when the log comes to this time, ms since 1970. Between two ticks nothing expires that has not expired yet. */
  ticksAt(time: number): boolean {
    const newest = this.#ticks.at(-1);
    return newest === undefined || time >= newest.time + this.#idleMs / ticksPerIdleTime;
  }

  /** The log has come to this index at this time, ms since 1970. */
  pass(index: number, time: number): void {
    if (!this.ticksAt(time)) return;
    const ticks = [...this.#ticks, { time, index }];
    // Of those that are old enough only the newest says something.
    const expired = ticks.findLastIndex((tick) => tick.time + this.#idleMs <= time);
    this.#ticks = ticks.slice(Math.max(0, expired));
    assert(this.#ticks.length <= ticksMax, "ticks are at least a part of the idle time apart");
    this.#isChanged = true;
  }

  /** A session that was used up to this index and not since then has expired; 0: none has. */
  get expiredIndex(): number {
    const [oldest] = this.#ticks;
    return oldest !== undefined && oldest.time + this.#idleMs <= this.#ticks.at(-1)!.time ? oldest.index : 0;
  }

  /**
   * Of a session that was used at this index last, ms since 1970: when that was at the earliest, and before when it does not expire, by the times in the entries.
   * undefined: no entry had a time yet.
   */
  timesOf(lastUse: number): { readonly usedAfter: number | undefined; readonly lastsUntil: number | undefined } {
    const newest = this.#ticks.at(-1);
    if (newest === undefined) return { usedAfter: undefined, lastsUntil: undefined };
    const nextTick = newest.time + this.#idleMs / ticksPerIdleTime;
    const firstBehind = this.#ticks.find(({ index }) => index >= lastUse)?.time ?? nextTick;
    return { usedAfter: this.#ticks.findLast(({ index }) => index <= lastUse)?.time, lastsUntil: firstBehind + this.#idleMs };
  }

  /** The row to be written; undefined when nothing has changed since the last call. */
  takeChange(crc32: Crc32): Uint8Array | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const bytes = new Uint8Array(headBytes + this.#ticks.length * tickBytes);
    writeSafeU64(bytes, 4, this.#forgotten);
    for (const [place, { time, index }] of this.#ticks.entries()) {
      writeSafeU64(bytes, headBytes + place * tickBytes, time);
      writeSafeU64(bytes, headBytes + place * tickBytes + 8, index);
    }
    writeU32(bytes, 0, crc32(bytes.subarray(4)));
    return bytes;
  }
}

/** Throws CORRUPT for a row that no SessionHorizon wrote. */
export function checkSessionHorizon(row: Uint8Array, crc32: Crc32): void {
  const isShapeRight = row.length >= headBytes && (row.length - headBytes) % tickBytes === 0 && row.length <= headBytes + ticksMax * tickBytes;
  if (isShapeRight && readU32(row, 0) === crc32(row.subarray(4))) return;
  throw new RaftctlError("CORRUPT", `the row of forgotten sessions in the state, ${row.length} bytes, fails its checksum`);
}
