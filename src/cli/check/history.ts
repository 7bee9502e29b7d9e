// What clients asked and were told, in the terms that the linearizability checker judges. Calls and returns get numbers from one counter, so that
// their order is the real order, whatever the clocks do. An operation that is not ended is of unknown fate. The time is for people and for the file
// that a history is saved in; the source of it is handed in.

export type Condition = { readonly absent: true } | { readonly value: string } | { readonly version: number };

export type Operation =
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "putIf"; readonly value: string; readonly condition: Condition }
  | { readonly kind: "get" }
  | { readonly kind: "delete" };

/** What the answer told; a field that is undefined was not told and is not checked. */
export interface Output {
  /** Of a get; undefined for an absent key. */
  readonly value?: string | undefined;
  /** Of a get and a put: of the record that is there then. Of a conditional put that did not apply: of what is there instead, 0 when nothing is. */
  readonly version?: number | undefined;
  /** Of a conditional put: whether the condition held. */
  readonly applied?: boolean | undefined;
  /** Of a delete: whether there was something to delete. */
  readonly found?: boolean | undefined;
  /** Where the write, or for a get the write that it saw, stands in the log. For people: not checked. */
  readonly index?: number | undefined;
}

export type Outcome = "ok" | "failed" | "unknown";

export interface Completed {
  readonly process: string;
  readonly key: string;
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly output: Output | undefined;
  readonly called: number;
  /** undefined while under way and for unknown fates. */
  readonly returned: number | undefined;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Code of the error of an operation that did not end well. For people. */
  readonly error?: string | undefined;
}

export interface Call {
  ok(output: Output): void;
  /** It certainly had and will have no effect. */
  failed(error?: string): void;
  unknown(error?: string): void;
}

export class History {
  readonly #nowMs: () => number;
  #counter = 0;
  readonly #completed: Completed[] = [];
  readonly #open = new Set<Omit<Completed, "outcome" | "output" | "returned" | "endedMs">>();
  readonly #counts = { ok: 0, failed: 0, unknown: 0 };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(process: string, key: string, operation: Operation): Call {
    const call = { process, key, operation, called: this.#counter++, startedMs: this.#nowMs() };
    this.#open.add(call);
    const end = (outcome: Outcome, output: Output | undefined, error?: string): void => {
      if (!this.#open.delete(call)) throw new Error(`ended twice: ${process} ${operation.kind} ${key}`);
      const returned = outcome === "unknown" ? undefined : this.#counter++;
      this.#counts[outcome] += 1;
      this.#completed.push({ ...call, outcome, output, returned, endedMs: this.#nowMs(), ...(error !== undefined && { error }) });
    };
    return {
      ok: (output) => { end("ok", output); },
      failed: (error) => { end("failed", undefined, error); },
      unknown: (error) => { end("unknown", undefined, error); },
    };
  }

  /** Ended operations, and those still under way as unknown. */
  operations(): Completed[] {
    const pending = [...this.#open].map((call) => ({
      ...call, outcome: "unknown" as const, output: undefined, returned: undefined, endedMs: Number.POSITIVE_INFINITY,
    }));
    return [...this.#completed, ...pending];
  }

  counts(): Readonly<Record<Outcome, number>> {
    return { ...this.#counts, unknown: this.#counts.unknown + this.#open.size };
  }
}
