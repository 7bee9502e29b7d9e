// What a check demands of what it measured, and the verdict that follows: PASS when every demand is met. A demand says its threshold in plain words, so that
// nobody has to look it up.

import { paint } from "../terminal.ts";

export interface CriterionDocument {
  /** For programs: does not change with the words. */
  name: string;
  measured: number;
  threshold: number;
  /** "ms", "/s", or "" for a count. */
  unit: string;
  met: boolean;
  /** One sentence: what was measured, what was wanted, what it means. */
  sentence: string;
}

export interface Demand {
  readonly name: string;
  readonly measured: number;
  readonly threshold: number;
  readonly unit: "ms" | "/s" | "";
  readonly wants: "at least" | "at most";
  readonly sentence: string;
}

export function criterion({ name, measured, threshold, unit, wants, sentence }: Demand): CriterionDocument {
  return { name, measured, threshold, unit, met: wants === "at least" ? measured >= threshold : measured <= threshold, sentence };
}

export function criteriaText(criteria: readonly CriterionDocument[]): string[] {
  return criteria.map(({ met, sentence }) => `${met ? paint("green", "PASS") : paint("red", "FAIL")}: ${sentence}`);
}
