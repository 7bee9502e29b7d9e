// Runs suites: starts the stores of each, measures round by round, step by step, store by store, and stops them whatever happens.

import type { Measured, MeasuredFigure } from "./figure.ts";
import { unlessAborted } from "./interruption.ts";
import type { Scale } from "./scale.ts";
import { prepareStore, type Prepared, type Step, type Suite } from "./suite.ts";
import type { StoreName, Target } from "./target.ts";

export interface Bench {
  readonly scale: Scale;
  readonly rounds: number;
  /** In the order in which they are measured. */
  readonly start: readonly (() => Promise<Target>)[];
  /** Rejects the run; what has been started is stopped. */
  readonly signal: AbortSignal;
  readonly onStep: (step: { readonly suite: string; readonly title: string; readonly round: number; readonly store: StoreName }) => void;
  readonly onVersion: (store: StoreName, version: string) => void;
}

/** The figures of these suites, in their order. */
export async function runSuites(suites: readonly Suite[], bench: Bench): Promise<MeasuredFigure[]> {
  const figures: MeasuredFigure[] = [];
  for (const suite of suites) figures.push(...(await runSuite(suite, bench)));
  return figures;
}

async function runSuite(suite: Suite, bench: Bench): Promise<MeasuredFigure[]> {
  const started: Promise<Target>[] = [];
  // Also what is being started when the run ends; what did not start has cleaned up behind itself.
  const stopAll = (): Promise<unknown> => Promise.all(started.map((starting) => starting.then((target) => target.stop(), () => undefined)));
  try {
    return await unlessAborted(bench.signal, measureSuite(suite, bench, started));
  } finally {
    await stopAll();
  }
}

/** @param started takes each store before it runs */
async function measureSuite(suite: Suite, bench: Bench, started: Promise<Target>[]): Promise<MeasuredFigure[]> {
  const stores: Prepared[] = [];
  for (const start of suite.stores === "own" ? bench.start.slice(0, 1) : bench.start) {
    bench.signal.throwIfAborted();
    const starting = start();
    started.push(starting);
    const target = await starting;
    bench.onVersion(target.name, target.version);
    const prepared = await prepareStore(target);
    await suite.prepare?.(prepared, bench.scale);
    stores.push(prepared);
  }
  const steps = suite.steps(bench.scale);
  const values = new Map<string, Partial<Record<StoreName, number[]>>>();
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const step of steps) {
      for (const prepared of stores) {
        const store = prepared.target.name;
        bench.onStep({ suite: suite.name, title: step.title, round, store });
        keep(values, store, await runStep(step, prepared, bench.scale));
      }
    }
  }
  return steps.flatMap((step) => step.figures.map((figure) => ({ ...figure, values: values.get(figure.id)! })));
}

async function runStep(step: Step, prepared: Prepared, scale: Scale): Promise<Measured> {
  const measured = await step.run(prepared, scale).catch((error: unknown) => {
    throw new Error(`${step.title}, ${prepared.target.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const wrong = step.figures.filter(({ id }) => !Number.isFinite(measured[id])).map(({ id }) => `${id} is ${measured[id]}`);
  if (wrong.length > 0) throw new Error(`${step.title}, ${prepared.target.name}: ${wrong.join(", ")}`);
  return measured;
}

function keep(values: Map<string, Partial<Record<StoreName, number[]>>>, store: StoreName, measured: Measured): void {
  for (const [id, value] of Object.entries(measured)) {
    const all = values.get(id) ?? {};
    (all[store] ??= []).push(value);
    values.set(id, all);
  }
}
