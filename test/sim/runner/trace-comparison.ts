// Two runs of each seed, matched as they come in: equal seeds must give equal traces, whatever a process has run before and in whichever process.

import type { Outcome } from "../outcome.ts";
import { sentence } from "./verdict.ts";

export class TraceComparison {
  readonly #waiting = new Map<number, Outcome>();

  /** The second outcome of a seed is held against the first: what differs, in one sentence, or undefined. */
  add(outcome: Outcome): string | undefined {
    const first = this.#waiting.get(outcome.seed);
    if (first === undefined) return void this.#waiting.set(outcome.seed, outcome);
    this.#waiting.delete(outcome.seed);
    return differenceOf(first, outcome);
  }
}

function differenceOf(first: Outcome, second: Outcome): string | undefined {
  const [left, right] = [seen(first), seen(second)];
  const place = left.findIndex(([, value], position) => value !== right[position]![1]);
  return place < 0 ? undefined : `${left[place]![0]} ${left[place]![1]} and ${right[place]![1]}`;
}

function seen({ violation, traceHash, events, operations, virtualMs }: Outcome): [string, string][] {
  return [
    ["verdict", violation === undefined ? "passed" : `${violation.property}: ${sentence(violation)} at ${violation.atMs} ms`],
    ["events", String(events)],
    ["operations", String(operations)],
    ["virtual ms", String(virtualMs)],
    ["trace hash", traceHash],
  ];
}

/** Where two traces part, for people: the last line that both have, then one line of each. */
export function firstDifferentLines(left: readonly string[], right: readonly string[]): string[] {
  const lines = Math.max(left.length, right.length);
  for (let place = 0; place < lines; place += 1) {
    if (left[place] === right[place]) continue;
    const shared = place === 0 ? [] : [`  both    ${left[place - 1]!}`];
    return [...shared, `  first   ${left[place] ?? "(ended)"}`, `  second  ${right[place] ?? "(ended)"}`];
  }
  return ["  run alone, both traces are equal: the difference depends on what the process ran before, or comes and goes"];
}
