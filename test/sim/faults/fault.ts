// A fault that a seed has planned: when it begins, what it says of itself in the plan, and how it strikes.

import type { Nemesis } from "./nemesis.ts";

export interface PlannedFault {
  /** Virtual ms. */
  readonly at: number;
  /** For the table of what struck: "crash", "partition", … */
  readonly kind: string;
  /** One line of the plan. */
  readonly text: string;
  strike(nemesis: Nemesis): void;
}

/** With its place in the plan, which also stays what it is when others are left out. */
export interface NumberedFault extends PlannedFault {
  readonly number: number;
}
