// What an operator measures: whether a load is carried and whether a disk is fast enough. A measurement that flatters is worse than none.

import type { Mutant } from "../mutant.ts";

export const measurementMutants: readonly Mutant[] = [
  {
    name: "latency-from-when-it-was-sent",
    breaks: ["N6"],
    file: "src/cli/check/perf/load-run.ts",
    find: "tally.sendDelay.record(clock.now() - intendedMs);",
    replace: "tally.sendDelay.record(clock.now() - intendedMs);\n    intendedMs = clock.now();",
    tests: ["test/cli/check/load-run.test.ts"],
  },
  {
    name: "schedule-slips-with-slow-answers",
    breaks: ["N6"],
    file: "src/cli/check/perf/pace.ts",
    find: "const dueMs = startMs + (this.#taken * 1000) / ratePerSecond;",
    replace: "const dueMs = Math.max(now, startMs + (this.#taken * 1000) / ratePerSecond);",
    tests: ["test/cli/check/load-run.test.ts"],
  },
  {
    name: "what-was-never-sent-not-counted",
    breaks: ["N6"],
    file: "src/cli/check/perf/pace.ts",
    find: "return this.#stopped ? 0 : this.#total - this.#taken;",
    replace: "return this.#stopped ? 0 : this.#waiting.length;",
    tests: ["test/cli/check/load-run.test.ts"],
  },
  {
    name: "late-answers-counted-as-throughput",
    breaks: ["N6"],
    file: "src/cli/check/perf/tally.ts",
    find: "if (answeredMs <= this.#endMs) this.inTime += 1;",
    replace: "this.inTime += 1;",
    tests: ["test/cli/check/load-run.test.ts"],
  },
  {
    name: "load-over-the-keys-of-others",
    breaks: ["N6"],
    file: "src/cli/check/perf/perf-run.ts",
    find: "if (count === 0) return;",
    replace: "if (count >= 0) return;",
    tests: ["test/cli/check/perf-run.test.ts"],
  },
  {
    name: "keys-left-after-an-error",
    breaks: ["N6"],
    file: "src/cli/check/perf/perf-run.ts",
    find: "prepareAndMeasure(clients, request, tally).catch((thrown: unknown) => toRaftctlError(thrown));",
    replace: "prepareAndMeasure(clients, request, tally);",
    tests: ["test/cli/check/perf-run.test.ts"],
  },
  {
    name: "keys-removed-before-writes-in-doubt-are-settled",
    breaks: ["N6", "H20"],
    file: "src/cli/check/perf/perf-run.ts",
    find: "settle: (client, stamp) => client.kv.outcome(stamp)",
    replace: "settle: async () => undefined",
    tests: ["test/cli/check/perf-run.test.ts"],
  },
  {
    name: "first-segments-counted-as-syncs",
    breaks: ["S40"],
    file: "src/daemon/sync-timing.ts",
    find: "count += 1) await append();",
    replace: "count += 1) onSync(await append());",
    tests: ["test/daemon/sync-timing.test.ts"],
  },
  {
    name: "disk-filled-by-its-measurement",
    breaks: ["S40"],
    file: "src/daemon/sync-timing.ts",
    find: "if (wal.stats.segments > segmentsKept) await",
    replace: "if (wal.stats.segments > 1_000_000) await",
    tests: ["test/daemon/sync-timing.test.ts"],
  },
];
