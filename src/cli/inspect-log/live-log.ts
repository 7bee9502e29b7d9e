// The log of a running node, asked for page by page, as one that can be read like a directory's. An end that is not committed may be replaced by a new
// leader between two pages: each page says the term of the entry before it, so that no log is put together that never was (Log Matching, §5.3).

import { RaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import type { LogContent, LogEntry, LogHeader, LogPage, LogRange, LogSource } from "../../wire/log-inspection.ts";
import { forgotten } from "./range.ts";

export class LiveLog implements LogSource {
  readonly header: LogHeader;
  readonly #client: Client;
  readonly #onClose: () => void;

  static async open(client: Client, onClose: () => void): Promise<LiveLog> {
    return new LiveLog(await client.admin.call("logHeader", {}), client, onClose);
  }

  private constructor(header: LogHeader, client: Client, onClose: () => void) {
    this.header = header;
    this.#client = client;
    this.#onClose = onClose;
  }

  /** @throws BUSY when what was read before is not in the log any more; reading again from the beginning helps */
  async *entries({ first, last }: LogRange, content: LogContent): AsyncGenerator<readonly LogEntry[]> {
    let previous: LogEntry | undefined;
    for (let next = first; next <= last; next = previous.index + 1) {
      const page = await this.page(next, last, content);
      if (next < page.firstIndex) throw forgotten(this.header, { first: next, last }, page.firstIndex);
      if (previous !== undefined && page.previousTerm !== previous.term) throw replaced(this.header, previous);
      previous = page.entries.at(-1);
      if (previous === undefined) return;
      yield page.entries;
    }
  }

  /** One page as soon as its first entry is committed, or after `waitMs`. */
  page(first: number, last: number, content: LogContent, waitMs = 0): Promise<LogPage> {
    return this.#client.admin.call("logPage", { first, last, content, waitMs }, { timeoutMs: this.#client.timeoutMs + waitMs });
  }

  async close(): Promise<void> {
    this.#onClose();
  }
}

function replaced({ node }: LogHeader, { index, term }: LogEntry): RaftctlError {
  return new RaftctlError("BUSY", `a new leader replaced entries of ${node} while they were read: entry ${index} is no longer of term ${term}`, { hint: "read it again" });
}
