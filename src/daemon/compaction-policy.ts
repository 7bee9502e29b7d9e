// When this node takes snapshots, as its configuration says.

import type { Config } from "../config/schema.ts";
import type { CompactionPolicy } from "../host/snapshotter.ts";

/** A state much larger than its log is not written for every few entries, but the log never grows beyond this many times what is configured. */
const logBytesMaxFactor = 4;

export function compactionPolicy({ compaction }: Config): CompactionPolicy {
  const { logBytes, entries, interval, trailingEntries, trailingBytes } = compaction;
  return { logBytes, logBytesMax: logBytesMaxFactor * logBytes, entries, intervalMs: interval, trailingEntries, trailingBytes };
}
