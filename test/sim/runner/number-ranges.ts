// Sets of small numbers as people write them: "1,2,5-9". Parsing is strict and bounded, because the text comes from a command line or a file.

const numberMax = 999_999;

/** Ascending, each once; undefined: not such a list. */
export function parseRanges(text: string): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const range = parseRange(part.trim());
    if (range === undefined) return undefined;
    for (let number = range.first; number <= range.last; number += 1) numbers.add(number);
  }
  return ascending(numbers);
}

export function formatRanges(numbers: Iterable<number>): string {
  const parts: string[] = [];
  for (const { first, last } of runsOf(ascending(new Set(numbers)))) {
    if (last - first >= 2) parts.push(`${first}-${last}`);
    else parts.push(...(first === last ? [String(first)] : [String(first), String(last)]));
  }
  return parts.join(",");
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function parseRange(part: string): Range | undefined {
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first <= last && last <= numberMax ? { first, last } : undefined;
}

function runsOf(sorted: readonly number[]): Range[] {
  const runs: { first: number; last: number }[] = [];
  for (const number of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}

function ascending(numbers: Iterable<number>): number[] {
  return [...numbers].toSorted((left, right) => left - right);
}
