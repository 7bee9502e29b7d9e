// A node that answers logHeader and logPage from entries that a test may change between two questions.

import type { Client } from "../../../src/client/client.ts";
import type { LogEntry, LogHeader, LogPage, LogPageRequest } from "../../../src/wire/log-inspection.ts";
import { logHeader } from "./logs.ts";

export class StandInNode {
  entries: LogEntry[];
  firstIndex = 1;
  pageMax = 3;
  readonly asked: LogPageRequest[] = [];
  /** Called before each page is answered. */
  onPage: (request: LogPageRequest) => void = () => undefined;

  constructor(entries: readonly LogEntry[]) {
    this.entries = [...entries];
  }

  get header(): LogHeader {
    return logHeader({ source: "live", firstIndex: this.firstIndex, lastIndex: this.entries.at(-1)?.index ?? this.firstIndex - 1, commitIndex: this.#committed() });
  }

  get client(): Client {
    const call = async (method: string, params: unknown): Promise<unknown> => (method === "logHeader" ? this.header : this.#page(params as LogPageRequest));
    return { timeoutMs: 1_000, admin: { call } } as unknown as Client;
  }

  #committed(): number {
    return this.entries.findLast(({ committed }) => committed === true)?.index ?? 0;
  }

  #page(request: LogPageRequest): LogPage {
    this.asked.push(request);
    this.onPage(request);
    const { firstIndex } = this;
    const held = this.entries.filter(({ index }) => index >= firstIndex);
    const previousTerm = this.entries.find(({ index }) => index === request.first - 1)?.term ?? null;
    const entries = request.first < firstIndex ? [] : held.filter(({ index }) => index >= request.first && index <= request.last).slice(0, this.pageMax);
    return { firstIndex, lastIndex: this.header.lastIndex, commitIndex: this.#committed(), previousTerm, entries };
  }
}
