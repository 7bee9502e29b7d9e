// The one line that says how far a run over many seeds is and how fast it goes.

import { amount, duration, whole } from "./quantities.ts";
import type { Tally } from "./tally.ts";

export type Goal = { readonly seeds: number } | { readonly endMs: number };

export function statusLine(tally: Tally, goal: Goal, elapsedMs: number): string {
  const seconds = Math.max(elapsedMs, 1) / 1000;
  return [
    "seeds" in goal ? `${whole(tally.seeds)}/${whole(goal.seeds)} seeds` : `${whole(tally.seeds)} seeds`,
    `${whole(tally.events / seconds)} events/s`,
    `${amount(tally.virtualMs / 1000 / seconds)} h/h`,
    `${whole(tally.operations)} ops`,
    `${whole(tally.failures.length)} violations`,
    `ETA ${estimate(tally, goal, elapsedMs)}`,
  ].join("  ");
}

function estimate(tally: Tally, goal: Goal, elapsedMs: number): string {
  if ("endMs" in goal) return duration(goal.endMs - elapsedMs);
  if (tally.seeds === 0) return "-";
  return duration((elapsedMs / tally.seeds) * (goal.seeds - tally.seeds));
}
