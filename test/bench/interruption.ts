// A program of the bench that is interrupted stops what it has started and removes its files, and ends with the exit code that shells expect.

const exits = { SIGINT: 130, SIGTERM: 143 } as const;

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
export function abortOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const [name, exit] of Object.entries(exits)) {
    // Not `once`: without a listener of ours the library that starts processes would end this one before anything is cleaned up.
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(exit);
      process.exitCode = exit;
      stopping.abort(new Error(`stopped by ${name}`));
    });
  }
  return stopping.signal;
}

/** What the work comes to, or a rejection as soon as the signal is aborted; what it is in the middle of then goes on unheeded. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The end of such a program: what was under way when it was stopped is not waited for. */
export async function runToTheEnd(main: () => Promise<number>): Promise<never> {
  try {
    const exit = await main();
    process.exit(exit);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(process.exitCode ?? 1);
  }
}
