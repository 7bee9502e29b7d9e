// Which entries touch a key, and what such an entry holds.

import { compareBytes, equalBytes } from "../../base/bytes.ts";
import { crc32 } from "../../platform/crc32.ts";
import { entryTypes, type Entry } from "../../raft/entry.ts";
import type { LogCommand, LogEntry } from "../../wire/log-inspection.ts";
import { entryFacts } from "../log-inspection/entry-facts.ts";

const types = { noop: entryTypes.noop, command: entryTypes.command, config: entryTypes.membership } as const;

/** Of a transaction: by a step of either side. */
export function touches({ operation, key: name, end, txn }: LogCommand, key: Uint8Array): boolean {
  if (txn !== undefined) return [...txn.then, ...txn.else].some((step) => touches(step, key));
  if (operation === "append" || operation === "set" || operation === "settle" || operation === "range") return false;
  if (operation !== "deleteRange") return equalBytes(name, key);
  return compareBytes(name, key) <= 0 && (end === null || compareBytes(key, end) < 0);
}

/** As it stands in the log. Only of an entry that was read with its payload. */
export function rawEntry({ index, term, type, payload }: LogEntry): Entry {
  return { index, term, type: types[type], data: payload! };
}

/** With the values, which copy nothing: they live as long as the payload. */
export function commandWithValues(entry: LogEntry): LogCommand {
  return entryFacts(rawEntry(entry), { commitIndex: 0, content: "values", crc32 }).command!;
}
