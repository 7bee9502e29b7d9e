// The simulator's command line: `npm run sim -- --help`. The assembly of the runner with the real simulator, this process and this machine; what it does
// is in runner/command.ts.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { readMarks } from "./marks/registry.ts";
import { runSeed } from "./run.ts";
import { command } from "./runner/command.ts";
import { headCommit } from "./runner/fresh-start.ts";

const stallMs = 180_000;
const repository = fileURLToPath(new URL("../..", import.meta.url));
const interruption = new AbortController();

// Once each: the second Ctrl-C ends the process in the usual way.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interruption.abort());
// A pipe whose reader has gone (`| head`) is no failure of the run, but there is nobody left to report to.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});

process.exitCode = await command(process.argv.slice(2), {
  runSeed,
  childFile: new URL("runner/child.ts", import.meta.url),
  stallMs,
  processors: availableParallelism(),
  output: process.stdout,
  errors: process.stderr,
  markPlaces: readMarks,
  process,
  regressionsFile: fileURLToPath(new URL("regressions.txt", import.meta.url)),
  commit: () => headCommit(repository),
  now: () => Date.now(),
  elapsed: () => performance.now(),
  interrupted: interruption.signal,
});
