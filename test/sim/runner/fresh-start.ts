// Where a run begins whose seeds nobody has chosen: a number of the commit, so that each commit tries other seeds and both sides of a comparison of the
// same commit try the same ones; without git, a number of the time.

import { execFileSync } from "node:child_process";

export interface FreshStart {
  readonly seed: number;
  /** For people: where the number is from. */
  readonly origin: string;
}

/** @param commit the full name of HEAD. */
export function seedOfCommit(commit: string | undefined): FreshStart | undefined {
  const digits = /^[0-9a-f]{8}/.exec(commit ?? "")?.[0];
  return digits === undefined ? undefined : { seed: Number.parseInt(digits, 16), origin: `commit ${digits}` };
}

/** Another one each second. */
export function seedOfClock(nowMs: number): FreshStart {
  return { seed: Math.floor(nowMs / 1000), origin: "clock" };
}

/** undefined without git. */
export function headCommit(directory: string): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
