// Reads a stream of server-sent events, as a browser's EventSource does.

import type { Daemon } from "../../../src/daemon/daemon.ts";

export interface SentEvent {
  readonly event: string;
  /** The last one that was said, also by a block without data. */
  readonly id: string;
  readonly data: { ok: boolean; schema: string; header: Record<string, string>; result: { kind: string; index: string; key: string; value?: string; nextIndex: string; events: number }; error?: { code: string; details?: Record<string, unknown> } };
}

export class EventReader {
  readonly events: SentEvent[] = [];
  lastId = "";
  ended = false;
  readonly #abort = new AbortController();

  /** @throws when the answer is no stream */
  static async open(node: Daemon, query: string, lastEventId?: string): Promise<EventReader> {
    const reader = new EventReader();
    const response = await fetch(`http://${node.httpAddress}/v1/watch?${query}`, { signal: reader.#abort.signal, headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId } });
    if (response.status !== 200 || response.headers.get("content-type") !== "text/event-stream; charset=utf-8") throw new Error(`${response.status} ${await response.text()}`);
    void reader.#read(response).catch(() => undefined).finally(() => (reader.ended = true));
    return reader;
  }

  close(): void {
    this.#abort.abort();
  }

  /** What changed, one word each. */
  get changes(): string[] {
    return this.events.filter(({ event }) => event === "put" || event === "delete").map(({ data: { result } }) => `${result.kind} ${result.key} ${result.value ?? ""}`.trim());
  }

  async #read(response: Response): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      const blocks = `${rest}${decoder.decode(chunk as Uint8Array, { stream: true })}`.split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(block.split("\n").filter((line) => !line.startsWith(":")).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
    this.lastId = fields.get("id") ?? this.lastId;
    const data = fields.get("data");
    if (data !== undefined) this.events.push({ event: fields.get("event") ?? "message", id: this.lastId, data: JSON.parse(data) as SentEvent["data"] });
  }
}
