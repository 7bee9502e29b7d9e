// The term of every entry of a log, kept as runs: terms never fall along a log, so a handful of pairs tells them all.

import type { Entry } from "../../raft/entry.ts";

interface Run {
  readonly firstIndex: number;
  readonly term: number;
}

export class TermRuns {
  #runs: Run[];

  constructor(entries: readonly Entry[] = []) {
    this.#runs = [];
    this.append(entries);
  }

  copy(): TermRuns {
    const copy = new TermRuns();
    copy.#runs = [...this.#runs];
    return copy;
  }

  /** Contiguous entries; what stands at or behind the first one is replaced. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    while (this.#runs.length > 0 && this.#runs.at(-1)!.firstIndex >= first.index) this.#runs.pop();
    const oneTerm = first.term === entries.at(-1)!.term;
    this.#extend(first);
    if (oneTerm) return;
    for (const entry of entries) this.#extend(entry);
  }

  /** undefined before the first entry that was ever noted. An index behind the last one answers with its term. */
  termAt(index: number): number | undefined {
    return this.#runs.findLast((run) => run.firstIndex <= index)?.term;
  }

  /** Forgets what is needed only below this index. */
  dropBefore(index: number): void {
    while (this.#runs.length > 1 && this.#runs[1]!.firstIndex <= index) this.#runs.shift();
  }

  clear(): void {
    this.#runs = [];
  }

  #extend({ index, term }: Entry): void {
    if (this.#runs.at(-1)?.term !== term) this.#runs.push({ firstIndex: index, term });
  }
}
