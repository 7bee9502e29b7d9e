// What `npm run sim:mutants` can be told.

import { parseArgs } from "node:util";
import { mutants } from "./registry.ts";
import type { Mutant } from "./mutant.ts";
import type { Hunt } from "./trial.ts";

export const usage = `Plants known bugs, one at a time, in a copy of the tree; the simulator or the tests must notice each of them.

  npm run sim:mutants                      all of them: the simulator first, then the tests
  npm run sim:mutants -- --only read-      some of them

  --only NAMES        those whose names begin so; several are separated by commas
  --jobs N            at once, 1 to 16 (default 2)
  --no-sim            by the tests alone
  --no-tests          by the simulator alone
  --seeds N           of the simulator, for each (default 300)
  --from N            the first seed (default 0): after a run that found nothing
  --seconds N         of the simulator, for each at most (default 20)
  --json FILE         writes the trials to FILE

Exit codes: 0 all were killed, 1 one survived, 2 the command line is wrong, 3 something was found where nothing was planted.
`;

export interface Order {
  readonly chosen: readonly Mutant[];
  readonly jobs: number;
  readonly hunt: Hunt;
  readonly json: string | undefined;
}

/** @throws Error with a sentence for the user */
export function readOrder(words: readonly string[]): Order | "help" {
  const { values } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean" }, only: { type: "string" }, jobs: { type: "string", default: "2" }, "no-sim": { type: "boolean" },
      "no-tests": { type: "boolean" }, seeds: { type: "string", default: "300" }, from: { type: "string", default: "0" },
      seconds: { type: "string", default: "20" }, json: { type: "string" },
    },
  });
  if (values.help === true) return "help";
  const from = whole("from", values.from, 1e15, 0);
  const simulator = { from, seeds: whole("seeds", values.seeds, 1_000_000), timeoutMs: whole("seconds", values.seconds, 86_400) * 1000 };
  return {
    chosen: choose(values.only),
    jobs: whole("jobs", values.jobs, 16),
    hunt: { simulator: values["no-sim"] === true ? undefined : simulator, tests: values["no-tests"] !== true },
    json: values.json,
  };
}

function choose(only: string | undefined): readonly Mutant[] {
  if (only === undefined) return mutants;
  const beginnings = only.split(",");
  const chosen = mutants.filter(({ name }) => beginnings.some((beginning) => name.startsWith(beginning)));
  if (chosen.length === 0) throw new Error(`--only ${only}: there is no such mutant`);
  return chosen;
}

function whole(option: string, text: string, max: number, min = 1): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < min || value > max) throw new Error(`--${option} ${text}: want a whole number from ${min} to ${max}`);
  return value;
}
