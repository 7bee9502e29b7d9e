// Records what the clients of one process asked and were told. Calls and returns get numbers from one counter, so that their order is the real
// order, whatever the clocks do. An operation that is not ended is of unknown fate.

import { performance } from "node:perf_hooks";

export type Condition = { readonly absent: true } | { readonly value: string } | { readonly version: number };

export type Operation =
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "putIf"; readonly value: string; readonly condition: Condition }
  | { readonly kind: "get" }
  | { readonly kind: "delete" };

/** What the answer told; a field that is undefined was not told and is not checked. `value` of a get is undefined for an absent key. */
export interface Output {
  readonly value?: string | undefined;
  readonly version?: number | undefined;
  readonly applied?: boolean | undefined;
  readonly found?: boolean | undefined;
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
}

export interface Call {
  ok(output: Output): void;
  /** It certainly had and will have no effect. */
  failed(): void;
  unknown(): void;
}

export class History {
  #counter = 0;
  readonly #completed: Completed[] = [];
  readonly #open = new Set<Omit<Completed, "outcome" | "output" | "returned" | "endedMs">>();

  begin(process: string, key: string, operation: Operation): Call {
    const call = { process, key, operation, called: this.#counter++, startedMs: performance.now() };
    this.#open.add(call);
    const end = (outcome: Outcome, output: Output | undefined): void => {
      if (!this.#open.delete(call)) throw new Error(`ended twice: ${process} ${operation.kind} ${key}`);
      const returned = outcome === "unknown" ? undefined : this.#counter++;
      this.#completed.push({ ...call, outcome, output, returned, endedMs: performance.now() });
    };
    return {
      ok: (output) => { end("ok", output); },
      failed: () => { end("failed", undefined); },
      unknown: () => { end("unknown", undefined); },
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
    const counts = { ok: 0, failed: 0, unknown: 0 };
    for (const item of this.operations()) counts[item.outcome] += 1;
    return counts;
  }
}
