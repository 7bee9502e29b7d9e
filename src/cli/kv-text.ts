// How values are written for people and for pipes. A pipe gets the bytes of a single value exactly. A terminal gets visible text, and a line feed
// so that the prompt stands on its own line.

import { Buffer } from "node:buffer";
import { utf8Text } from "../base/bytes.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import { shownBytes, visibleText } from "./terminal.ts";

export type OutputMode = "raw" | "text";

/** raw: the bytes, also to a terminal. text: the bytes to a pipe, visible text to a terminal. */
export function singleValue(value: Uint8Array, mode: OutputMode, isTerminal: boolean): Uint8Array | string {
  if (!isTerminal) return value;
  if (mode === "raw") return Buffer.concat([value, Buffer.from("\n")]);
  const text = utf8Text(value);
  return `${text === undefined ? shownBytes(value) : visibleText(text)}\n`;
}

/** One line per record: key, tab, value, both in visible text. raw: only values, each with a line feed behind it. */
export function recordLines(records: readonly KeyValueRecord[], options: { mode: OutputMode; keysOnly: boolean }): Uint8Array | string {
  if (options.mode === "raw") return rawLines(records, options.keysOnly);
  return records.map(({ key, value }) => (options.keysOnly ? `${shownBytes(key)}\n` : `${shownBytes(key)}\t${shownBytes(value)}\n`)).join("");
}

function rawLines(records: readonly KeyValueRecord[], keysOnly: boolean): Uint8Array {
  return Buffer.concat(records.flatMap(({ key, value }) => [keysOnly ? key : value, Buffer.from("\n")]));
}
