// Three nodes on this machine under load, with fsync, and etcd in turn where it is installed: `npm run bench`. Client and nodes share the processors: figures of
// two machines, or of two clients, do not compare; ratios of one run do. docs/performance.md says how it is used.

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { compare, comparisonText, readBaseline } from "./comparison.ts";
import { findEtcd, startEtcd } from "./etcd-target.ts";
import type { MeasuredFigure } from "./figure.ts";
import { abortOnSignals, runToTheEnd } from "./interruption.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { startRaftctl } from "./raftctl-target.ts";
import { type Report, reportFormat, table, thisMachine } from "./report.ts";
import { runSuites } from "./runner.ts";
import type { StoreName } from "./target.ts";
import { connectionCount, keyCount, valueBytes } from "./workload.ts";

/** @returns the exit code */
async function main(options: Options, signal: AbortSignal): Promise<number> {
  const { scale, rounds } = options;
  const machine = thisMachine();
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline, { machine, scale });
  const etcd = findEtcd(options.etcd);
  const versions: Partial<Record<StoreName, string>> = {};
  process.stdout.write(`three nodes on one machine of ${availableParallelism()} processors, fsync on; ${keyCount} keys of 8 bytes, values of ${valueBytes} bytes, ${connectionCount} connections; rounds: ${rounds}; `
    + `etcd: ${etcd ?? "not measured"}\n`);
  const figures = await runSuites(options.suites, {
    scale, rounds, signal,
    start: [startRaftctl, ...(etcd === undefined ? [] : [() => startEtcd(etcd)])],
    onStep: ({ suite, title, round, store }) => process.stderr.write(`${suite}: round ${round} of ${rounds}: ${title}: ${store}\n`),
    onVersion: (store, version) => void (versions[store] = version),
  });
  const report: Report = { format: reportFormat, date: new Date().toISOString(), machine, versions, rounds, scale, figures };
  process.stdout.write(`${table(figures)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return baseline === undefined ? 0 : tellChanges(baseline, figures);
}

function tellChanges(baseline: Report, figures: readonly MeasuredFigure[]): number {
  const comparisons = compare(baseline, { figures });
  process.stdout.write(`beside the run of ${baseline.date}:\n${comparisonText(comparisons)}\n`);
  return comparisons.some(({ change }) => change === "worse") ? 1 : 0;
}

const signal = abortOnSignals();
await runToTheEnd(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options !== undefined) return main(options, signal);
  process.stdout.write(`${usage}\n`);
  return 0;
});
