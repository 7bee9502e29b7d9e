// Runs over all chosen mutants, a workspace for each job, with control runs on the unchanged tree: before, and afterwards up to the last seed that has
// killed a mutant. Whoever finds something there cries wolf, and the whole run is void.

import type { Order } from "./command-line.ts";
import { tryMutant, tryUnchanged, type Hunt, type Trial } from "./trial.ts";
import { Workspace } from "./workspace.ts";

export interface Campaign {
  /** Found although nothing was planted. */
  readonly falseAlarm: Trial | undefined;
  /** In the order of the registry. */
  readonly trials: readonly Trial[];
}

const lastControlTimeoutMs = 600_000;

export async function runCampaign(repository: string, order: Order, told: (trial: Trial) => void): Promise<Campaign> {
  const workspaces = Array.from({ length: order.jobs }, () => new Workspace(repository));
  try {
    const control = await tryUnchanged(workspaces[0]!, testsOf(order), order.hunt);
    if (control.killed) return { falseAlarm: control, trials: [] };
    const trials = await tryAll(workspaces, order, told);
    const again = await tryUnchanged(workspaces[0]!, [], upToTheLastKill(order.hunt, trials));
    return { falseAlarm: again.killed ? again : undefined, trials };
  } finally {
    for (const workspace of workspaces) workspace.remove();
  }
}

function upToTheLastKill({ simulator }: Hunt, trials: readonly Trial[]): Hunt {
  const seeds = Math.max(0, ...trials.map((trial) => (trial.simulator?.kind === "killed" ? (trial.simulator.seeds ?? 0) : 0)));
  return { simulator: simulator === undefined || seeds === 0 ? undefined : { ...simulator, seeds, timeoutMs: lastControlTimeoutMs }, tests: false };
}

function testsOf({ chosen }: Order): readonly string[] {
  return [...new Set(chosen.flatMap(({ tests }) => tests))].toSorted();
}

async function tryAll(workspaces: readonly Workspace[], { chosen, hunt }: Order, told: (trial: Trial) => void): Promise<readonly Trial[]> {
  const trials = new Map<string, Trial>();
  const waiting = [...chosen];
  await Promise.all(workspaces.map(async (workspace) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const trial = await tryMutant(workspace, mutant, hunt);
      trials.set(mutant.name, trial);
      told(trial);
    }
  }));
  return chosen.map(({ name }) => trials.get(name)!);
}
