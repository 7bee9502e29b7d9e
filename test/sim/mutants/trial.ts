// One mutant: planted, hunted by the simulator, then by the tests, and taken out again.

import { huntBySimulator, type SimulatorBudget } from "./simulator-hunt.ts";
import { huntByRun, huntByTests } from "./test-hunt.ts";
import type { Mutant } from "./mutant.ts";
import type { Verdict } from "./verdict.ts";
import type { Workspace } from "./workspace.ts";

export interface Hunt {
  /** undefined: without the simulator. */
  readonly simulator: SimulatorBudget | undefined;
  readonly tests: boolean;
}

export interface Trial {
  readonly name: string;
  readonly breaks: readonly string[];
  /** undefined: not asked. */
  readonly simulator: Verdict | undefined;
  /** undefined: not asked, because the simulator has killed it or because the tests were left out. */
  readonly tests: Verdict | undefined;
  readonly killed: boolean;
  readonly ms: number;
}

const testFileTimeoutMs = 60_000;
const unchangedTimeoutMs = 300_000;

export async function tryMutant(workspace: Workspace, mutant: Mutant, hunt: Hunt): Promise<Trial> {
  const takeOut = workspace.plant(mutant);
  const { directory } = workspace;
  try {
    return await tried(mutant, hunt, directory, () => huntByTests(directory, mutant.tests, testFileTimeoutMs));
  } finally {
    takeOut();
  }
}

/** Nothing is planted, and nothing may be found. */
export async function tryUnchanged(workspace: Workspace, files: readonly string[], hunt: Hunt): Promise<Trial> {
  const { directory } = workspace;
  return tried({ name: "nothing-planted", breaks: [] }, hunt, directory, () => huntByRun(directory, files, unchangedTimeoutMs));
}

async function tried(what: Pick<Mutant, "name" | "breaks">, hunt: Hunt, directory: string, hunted: () => Promise<Verdict>): Promise<Trial> {
  const began = performance.now();
  const simulator = hunt.simulator === undefined ? undefined : await huntBySimulator(directory, hunt.simulator);
  const tests = hunt.tests && simulator?.kind !== "killed" ? await hunted() : undefined;
  const killed = simulator?.kind === "killed" || tests?.kind === "killed";
  return { name: what.name, breaks: what.breaks, simulator, tests, killed, ms: performance.now() - began };
}
