// The exact command that runs a seed again, for people to copy from the last line of a report.

import { formatRanges } from "./number-ranges.ts";

export function replayCommand(run: { readonly seed: number; readonly omit: readonly number[] }): string {
  const omitted = run.omit.length === 0 ? "" : ` --omit ${formatRanges(run.omit)}`;
  return `npm run sim -- --seed ${run.seed}${omitted}`;
}
