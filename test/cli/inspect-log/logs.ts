// Logs made up for tests: entries and a source that hands them out in small pages.

import { utf8 } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import type { LogCommand, LogContent, LogEntry, LogHeader, LogRange, LogSource } from "../../../src/wire/log-inspection.ts";

export function logHeader(changes: Partial<LogHeader> = {}): LogHeader {
  return {
    source: "directory", clusterId: "00112233445566778899aabbccddeeff", nodeId: "1001", node: "n1", region: "global", dataDir: "/data/n1",
    start: { index: 0, term: 0 }, firstIndex: 1, lastIndex: 0, commitIndex: 0, lastApplied: null, hardState: { term: 7, vote: null },
    snapshots: [], segments: [], tornTail: null, damage: null, ...changes,
  };
}

export function logEntry(index: number, changes: Partial<LogEntry> = {}): LogEntry {
  return { index, term: 1, type: "noop", committed: true, time: null, bytes: 0, crc: 0, session: null, command: null, config: null, fault: null, payload: null, ...changes };
}

/** Its session is `id:sequence`. */
export function writeEntry(index: number, command: Partial<LogCommand> & { key: Uint8Array }, changes: Partial<LogEntry> = {}): LogEntry {
  return logEntry(index, { type: "command", bytes: 40 + command.key.length, command: { operation: "put", end: null, value: null, condition: null, ...command }, ...changes });
}

export function putEntry(index: number, key: string, value = "v", changes: Partial<LogEntry> = {}): LogEntry {
  const content = utf8(value);
  return writeEntry(index, { key: utf8(key), value: { bytes: content.length, crc: crc32(content), content } }, changes);
}

export class MadeUpLog implements LogSource {
  readonly header: LogHeader;
  readonly asked: { readonly range: LogRange; readonly content: LogContent }[] = [];
  readonly #entries: readonly LogEntry[];
  closed = false;

  constructor(entries: readonly LogEntry[], changes: Partial<LogHeader> = {}) {
    const firstIndex = entries[0]?.index ?? 1;
    this.header = logHeader({ firstIndex, lastIndex: entries.at(-1)?.index ?? firstIndex - 1, start: { index: firstIndex - 1, term: 0 }, ...changes });
    this.#entries = entries;
  }

  async *entries(range: LogRange, content: LogContent): AsyncGenerator<readonly LogEntry[]> {
    this.asked.push({ range, content });
    const wanted = this.#entries.filter(({ index }) => index >= range.first && index <= range.last);
    for (let first = 0; first < wanted.length; first += 3) yield wanted.slice(first, first + 3);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
