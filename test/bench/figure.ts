// A figure: one number that a step of the bench measures of each store, once a round. What is wanted of it is a ratio to etcd of the same run, or a bound.

import type { StoreName } from "./target.ts";
import type { Better } from "./statistics.ts";

export interface Goal {
  /** To etcd's figure, or of the figure itself. */
  readonly of: "ratio" | "figure";
  readonly wants: "at least" | "at most";
  readonly value: number;
}

export interface Figure {
  /** Stable: a baseline is compared by it. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: Better;
  readonly goal?: Goal;
}

/** By the id of the figure. */
export type Measured = Readonly<Record<string, number>>;

/** A figure with one value for each round. */
export interface MeasuredFigure extends Figure {
  readonly values: Readonly<Partial<Record<StoreName, readonly number[]>>>;
}

export const atLeast = (value: number): Goal => ({ of: "ratio", wants: "at least", value });
export const atMost = (value: number): Goal => ({ of: "ratio", wants: "at most", value });
/** Of the figure itself. */
export const bound = (wants: Goal["wants"], value: number): Goal => ({ of: "figure", wants, value });
