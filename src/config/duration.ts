// Durations as people write them: a number and a unit, "250ms", "1.5s", "2m", "1h". The one place that reads and prints them, for configuration
// files, environment, flags and output alike. Inside the program a duration is a number of milliseconds.

import { RaftctlError } from "../base/errors.ts";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/;

/** Milliseconds, rounded to a whole one; NaN when the text is not a duration. */
export function readDuration(text: string): number {
  const match = pattern.exec(text.trim());
  if (match === null) return Number.NaN;
  return Math.round(Number(match[1]) * units[match[2] as keyof typeof units]);
}

/** @throws INVALID_ARGUMENT that names the text. */
export function parseDuration(text: string): number {
  const duration = readDuration(text);
  if (Number.isSafeInteger(duration)) return duration;
  throw new RaftctlError("INVALID_ARGUMENT", `not a duration: ${JSON.stringify(text)} (want a number and a unit, such as 250ms, 5s or 2m)`);
}

/** The largest unit that needs no fraction: 1500 is "1500ms", 60000 is "1m". Reads back to the same number. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (milliseconds >= units[unit] && milliseconds % units[unit] === 0) return `${milliseconds / units[unit]}${unit}`;
  }
  return `${milliseconds}ms`;
}
