// Reads a history. A log that runs is compacted, or loses an end that was not committed, or has its snapshot replaced, while it is read: then all of it is
// opened and read again.

import { toRaftctlError, type RaftctlError } from "../../base/errors.ts";
import { utf8 } from "../../base/bytes.ts";
import type { KeyHistory } from "../../wire/key-history.ts";
import type { LogSource } from "../../wire/log-inspection.ts";

/** daemon/history/verbs.ts, which this floor may not know. */
export type HistoryOf = (key: Uint8Array, evidence: { readonly logs: readonly LogSource[]; readonly files: readonly string[] }) => Promise<KeyHistory>;

const attemptsMax = 5;

export interface HistoryRequest {
  readonly key: string;
  readonly files: readonly string[] | undefined;
  readonly open: () => Promise<LogSource[]>;
}

/** @throws what opening and reading throw */
export async function readHistory(historyOf: HistoryOf, { key, files = [], open }: HistoryRequest): Promise<{ history: KeyHistory; logs: readonly LogSource[] }> {
  const missed = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    const logs = await open();
    try {
      const history = await historyOf(utf8(key), { logs, files });
      // What was missing before was never here: a member elsewhere keeps its directory where one of this machine has one too.
      const isWhole = history.superseded.every((path) => missed.has(path));
      if (isWhole || attempt === attemptsMax) return { history, logs };
      for (const path of history.superseded) missed.add(path);
    } catch (thrown) {
      if (attempt === attemptsMax || !hasMoved(toRaftctlError(thrown))) throw thrown;
    }
  }
}

/** Of a file that is missing there are no indexes to tell. */
function hasMoved({ code, details }: RaftctlError): boolean {
  return code === "BUSY" || (code === "NOT_FOUND" && details?.["firstIndex"] !== undefined);
}
