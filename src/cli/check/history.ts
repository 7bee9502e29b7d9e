// What clients asked and were told, in the terms that the linearizability checker judges. Calls and returns get numbers from one counter, so that
// their order is the real order, whatever the clocks do. An operation that is not ended is of unknown fate. The time is for people and for the file
// that a history is saved in; the source of it is handed in.

export type Condition = { readonly absent: true } | { readonly value: string } | { readonly version: number };

/** What clients do with a register. */
export type KeyOperation =
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "putIf"; readonly value: string; readonly condition: Condition }
  | { readonly kind: "get" }
  | { readonly kind: "delete" };

/**
 * The end of the lease that a key hangs on: from then on the key is absent, and every put is refused. A client revokes it; `expire` is what the cluster
 * does by itself at a moment that nobody is told: it begins when the lease may end at the earliest, and is never answered.
 */
export type LeaseEnd = { readonly kind: "revoke" } | { readonly kind: "expire" };

export type Operation = KeyOperation | LeaseEnd;

/** What the answer told; a field that is undefined was not told and is not checked. */
export interface Output {
  /** Of a get; undefined for an absent key. */
  readonly value?: string | undefined;
  /** Of a get and a put: of the record that is there then. Of a conditional put that did not apply: of what is there instead, 0 when nothing is. */
  readonly version?: number | undefined;
  /** Of a conditional put: whether the condition held. */
  readonly applied?: boolean | undefined;
  /** Of a delete: whether there was something to delete. Of a revoke: whether there was such a lease. */
  readonly found?: boolean | undefined;
  /** Of a put, with or without a condition: it was refused because the lease of the key had ended. */
  readonly ended?: boolean | undefined;
  /** A transaction was seen in part, and how: no order explains that. */
  readonly torn?: string | undefined;
  /** Where the write, or for a get the write that it saw, stands in the log. For people: not checked. */
  readonly index?: number | undefined;
}

export type Outcome = "ok" | "failed" | "unknown";

/** How an operation was done. For people: not checked. */
export interface Manner {
  /** By a transaction. */
  readonly txn?: true | undefined;
  /** The key hangs on this lease. */
  readonly lease?: string | undefined;
}

export interface Completed extends Manner {
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

/** Of an `expire`. */
export interface Expiry {
  /** Somebody was told that the lease lives longer. Once the operation has begun it stays as it is: it is open, and need not happen. */
  postpone(notBeforeMs: number): void;
  /** It can happen no more. */
  cancel(): void;
}

interface Due {
  readonly key: string;
  readonly lease: string;
  notBeforeMs: number;
}

/** The process of what the cluster does by itself. */
const clusterProcess = "cluster";

export class History {
  readonly #nowMs: () => number;
  #counter = 0;
  readonly #completed: Completed[] = [];
  readonly #open = new Set<Omit<Completed, "outcome" | "output" | "returned" | "endedMs">>();
  readonly #counts = { ok: 0, failed: 0, unknown: 0 };
  readonly #due = new Set<Due>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Of its clock, ms. */
  get nowMs(): number {
    return this.#nowMs();
  }

  begin(process: string, key: string, operation: KeyOperation | { readonly kind: "revoke" }, manner: Manner = {}): Call {
    const startedMs = this.#arrive();
    const call = { process, key, operation, called: this.#counter++, startedMs, ...manner };
    this.#open.add(call);
    const end = (outcome: Outcome, output: Output | undefined, error?: string): void => {
      if (!this.#open.delete(call)) throw new Error(`ended twice: ${process} ${operation.kind} ${key}`);
      const endedMs = this.#arrive();
      const returned = outcome === "unknown" ? undefined : this.#counter++;
      this.#counts[outcome] += 1;
      this.#completed.push({ ...call, outcome, output, returned, endedMs, ...(error !== undefined && { error }) });
    };
    return {
      ok: (output) => { end("ok", output); },
      failed: (error) => { end("failed", undefined, error); },
      unknown: (error) => { end("unknown", undefined, error); },
    };
  }

  /** The lease that the key hangs on may end by itself from this moment on. */
  expireFrom(key: string, lease: string, notBeforeMs: number): Expiry {
    const due: Due = { key, lease, notBeforeMs };
    this.#due.add(due);
    return {
      postpone: (later) => { due.notBeforeMs = Math.max(due.notBeforeMs, later); },
      cancel: () => { this.#due.delete(due); },
    };
  }

  /** The moment of the next event. What may have happened before it is begun before it, however late a timer would have been. */
  #arrive(): number {
    const nowMs = this.#nowMs();
    for (const due of this.#due) if (due.notBeforeMs <= nowMs) this.#expire(due, nowMs);
    return nowMs;
  }

  #expire(due: Due, nowMs: number): void {
    this.#due.delete(due);
    const { key, lease } = due;
    this.#completed.push({
      process: clusterProcess, key, operation: { kind: "expire" }, lease, outcome: "unknown", output: undefined,
      called: this.#counter++, returned: undefined, startedMs: nowMs, endedMs: nowMs,
    });
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
