// Sizes as people write them: "64MiB", "256KiB", "1.5GiB", and decimal "1MB". The one place that reads and prints them. Inside the program a
// size is a number of bytes.

import { RaftctlError } from "../base/errors.ts";

const units = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;
const pattern = /^([0-9]+(?:\.[0-9]+)?) ?(B|[KMGT]i?B)$/;

/** Bytes, rounded to a whole one; NaN when the text is not a size. */
export function readSize(text: string): number {
  const match = pattern.exec(text.trim());
  if (match === null) return Number.NaN;
  return Math.round(Number(match[1]) * units[match[2] as keyof typeof units]);
}

/** @throws INVALID_ARGUMENT that names the text. */
export function parseSize(text: string): number {
  const size = readSize(text);
  if (Number.isSafeInteger(size)) return size;
  throw new RaftctlError("INVALID_ARGUMENT", `not a size: ${JSON.stringify(text)} (want a number and a unit, such as 512B, 256KiB or 64MiB)`);
}

/** The largest binary unit that needs no fraction. Reads back to the same number. */
export function formatSize(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"] as const) {
    if (bytes >= units[unit] && bytes % units[unit] === 0) return `${bytes / units[unit]}${unit}`;
  }
  return `${bytes}B`;
}
