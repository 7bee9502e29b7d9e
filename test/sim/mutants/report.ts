// What a run over the mutants has found: one line each while it goes on, and at the end what survived and what the simulator alone did not find.

import type { Trial } from "./trial.ts";
import type { Verdict } from "./verdict.ts";

export function trialLine({ name, breaks, simulator, tests, killed, ms }: Trial): string {
  const killer = [simulator, tests].find((verdict) => verdict?.kind === "killed");
  const found = killed && killer !== undefined ? killedBy(killer) : "SURVIVED";
  return `${name.padEnd(56)} ${breaks.join(" ").padEnd(10)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${found}`;
}

function killedBy(verdict: Verdict): string {
  if (verdict.kind === "survived") return verdict.note;
  return verdict.seeds === undefined ? verdict.by : `${verdict.by} (seeds: ${verdict.seeds})`;
}

export function endLines(trials: readonly Trial[], wallMs: number): string[] {
  const survivors = trials.filter(({ killed }) => !killed);
  const missed = trials.filter(({ simulator }) => simulator?.kind === "survived");
  const seen = trials.filter(({ simulator }) => simulator?.kind === "killed").length;
  return [
    "",
    `mutants       ${trials.length}`,
    `killed        ${trials.length - survivors.length}${trials.some(({ simulator }) => simulator !== undefined) ? `, ${seen} of them by the simulator` : ""}`,
    `time          ${(wallMs / 1000).toFixed(0)} s`,
    ...list("not found by the simulator", missed, ({ simulator }) => simulator),
    ...list("survived", survivors, ({ simulator, tests }) => tests ?? simulator),
  ];
}

function list(title: string, trials: readonly Trial[], verdictOf: (trial: Trial) => Verdict | undefined): string[] {
  if (trials.length === 0) return [];
  const lines = trials.map((trial) => {
    const verdict = verdictOf(trial);
    return `  ${trial.name}${verdict === undefined ? "" : ` (${killedBy(verdict)})`}`;
  });
  return ["", `${title}: ${trials.length}`, ...lines];
}
