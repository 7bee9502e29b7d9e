// The pairs of keys that are written by transactions only (src/cli/check/pair.ts), as requests of a simulated client.

import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { pairRange, pairTxn, type KeyWrite } from "../../../src/cli/check/pair.ts";
import { encodedTxn } from "../../../src/client/txn.ts";
import type { Consistency, RangeRequest } from "../../../src/wire/client-protocol.ts";
import type { Command, SessionStamp } from "../../../src/wire/command.ts";

export function pairName(generation: number, number: number): string {
  return `p${generation}.${number}`;
}

export function isPair(key: string): boolean {
  return key.startsWith("p");
}

/** One read of both. */
export function pairRead(key: string, consistency: Consistency, timeoutMs: number): RangeRequest {
  const { start, end, limit } = pairRange(key);
  return {
    operation: "range", region: globalRegion, start: utf8(start), end: utf8(end), limit, keysOnly: false, countOnly: false, consistency,
    minIndex: undefined, maxLagMs: undefined, timeoutMs,
  };
}

export function pairWrite(key: string, write: KeyWrite, session: SessionStamp | undefined): Command {
  return { operation: "txn", body: encodedTxn(pairTxn(key, write)), session };
}
