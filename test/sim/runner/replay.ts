// One seed in this process, with its trace: for reading, and for a debugger. Whatever becomes of the run, the last line is the command that repeats it.

import { printLines } from "./output.ts";
import { runHere } from "./single-run.ts";
import { exitCodes } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { verdictLines } from "./verdict.ts";

export interface Replay {
  readonly run: { readonly seed: number; readonly omit: readonly number[] };
  /** The verdict without the trace. */
  readonly quiet: boolean;
}

export async function replay({ run, quiet }: Replay, around: Surroundings): Promise<number> {
  const { output, process } = around;
  const onLine = quiet ? undefined : (line: string) => void output.write(`${line}\n`);
  const { outcome } = await runHere(around.runSeed, run, { onLine, process });
  printLines(output, [...(quiet ? [] : [""]), ...verdictLines(run, outcome)]);
  return outcome.violation === undefined ? exitCodes.passed : exitCodes.failed;
}
