// The figures of several rounds, and whether two of them differ. Rounds are few and their noise has no known shape, so nothing is assumed about it: a figure is
// its median, its spread is from the smallest round to the largest, and two figures differ when their spreads do not overlap. When nothing has changed,
// all of n rounds are on one side of n others with the probability 1 in C(2n, n): 1 in 20 for three, 1 in 252 for five.

export type Better = "higher" | "lower";

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

export type Change = "better" | "worse" | "noise" | "too few rounds";

/** Below it nothing is certain enough to be called a difference. */
export const roundsMin = 3;

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 0 ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, rounds: sorted.length };
}

/** Round by round: both were measured one after the other, among the same neighbours. */
export function ratios(values: readonly number[], others: readonly number[]): number[] {
  return values.slice(0, others.length).map((value, round) => value / others[round]!);
}

export function changeOf(before: Spread, now: Spread, better: Better): Change {
  if (Math.min(before.rounds, now.rounds) < roundsMin) return "too few rounds";
  if (now.min > before.max) return better === "higher" ? "better" : "worse";
  if (now.max < before.min) return better === "higher" ? "worse" : "better";
  return "noise";
}
