// Decides whether a history of one register per key is linearizable, key by key: keys are independent (P-compositionality), so a history is linearizable
// when each key's part is. Operations whose fate is unknown may take effect at any time after their call, or never. Pure: no clock, no chance, no input
// or output; equal histories give equal verdicts.

import type { Completed } from "./history.ts";
import { KeySearch } from "./key-search.ts";
import type { Stuck } from "./key-search.ts";
import { operationText, shownValue } from "./operation-text.ts";
import { stepsOf } from "./register.ts";

export type Verdict =
  | { readonly verdict: "linearizable"; readonly operations: number }
  | { readonly verdict: "violated"; readonly key: string; readonly explanation: string }
  | { readonly verdict: "undecided"; readonly key: string };

export interface CheckOptions {
  /** Bound of the search per key; with it used up the key is undecided. The default takes about a second and 200 MB at the worst. */
  readonly configurationsMax?: number;
}

export const defaultConfigurationsMax = 1_000_000;

/** A violated key wins over an undecided one; of several the first in the order of the history is named. */
export function checkLinearizability(operations: readonly Completed[], options: CheckOptions = {}): Verdict {
  const { configurationsMax = defaultConfigurationsMax } = options;
  let undecided: string | undefined;
  for (const [key, own] of Map.groupBy(operations, (item) => item.key)) {
    const search = new KeySearch(stepsOf(own), configurationsMax);
    const verdict = search.run();
    if (verdict === "violated") return { verdict, key, explanation: explain(search.stuck) };
    if (verdict === "undecided") undecided ??= key;
  }
  return undecided === undefined ? { verdict: "linearizable", operations: operations.length } : { verdict: "undecided", key: undecided };
}

/** One sentence: which answer fits nowhere, and what the register would hold. */
export function explain({ item, isUnwritten, value, version, isEnded, after }: Stuck): string {
  if (item.output?.torn !== undefined) return `${operationText(item)} saw a transaction in part`;
  if (isUnwritten) return `${operationText(item)} saw a value that nobody wrote`;
  const absent = isEnded ? "the lease of the key has ended" : "the key is absent";
  const holds = value === undefined ? absent : `the key holds ${shownValue(value)}, version ${version},`;
  const behind = after.length === 0 ? "" : ` after ${after.map(operationText).join("; ")}`;
  return `no place for ${operationText(item)}: ${holds}${behind}`;
}
