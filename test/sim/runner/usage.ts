// What `npm run sim -- --help` prints, and the error for a command line that cannot be carried out.

export class UsageError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = "UsageError";
  }
}

export const usage = `Runs simulated clusters. A seed decides everything that happens; equal seeds give equal runs.

  npm run sim -- --seed 42                 one seed: its trace, the verdict, and the command that repeats it
  npm run sim -- --seeds 2000              seeds 0 to 1999 on all processors
  npm run sim -- --time 10m                new seeds until the time is over
  npm run sim -- --regressions             the seeds of test/sim/regressions.txt
  npm run sim -- --determinism --seeds 50  each seed in two processes: are the traces equal?
  npm run sim -- --shrink --seed 42        the fewest faults with which seed 42 still fails

One seed
  --omit 1,2,5-9      leaves out planned faults, by number
  --quiet             the verdict without the trace

Many seeds
  --from N            the first seed (default 0; with --time a number of the clock)
  --fresh             the first seed is a number of the commit
  --jobs N            processes, 1 to 64 (default: one per processor)
  --max-failures N    stops after so many seeds have failed (default 5)
  --require-marks     a coverage mark that no seed has hit fails the run
  --json FILE         writes the summary to FILE

Shrinking
  --runs N            at most so many runs (default 400)

Exit codes: 0 all is well, 1 a seed failed, 2 the command line is wrong, 130 interrupted.
`;
