// For checks that clean up behind themselves: the first SIGINT, SIGTERM or SIGHUP ends the work and not the process, a second one does.

const exits = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Interruptible<T> {
  readonly value: T;
  /** Exit code of the signal that came; undefined when none did. */
  readonly interrupted: number | undefined;
}

/** @param work ends early when the signal is aborted, in its own good order. */
export async function untilSignalled<T>(work: (signal: AbortSignal) => Promise<T>): Promise<Interruptible<T>> {
  const stopping = new AbortController();
  let interrupted: number | undefined;
  const handlers = Object.entries(exits).map(([signal, exit]) => ({ signal, handle: (): void => {
    interrupted ??= exit;
    stopping.abort();
  } }));
  for (const { signal, handle } of handlers) process.once(signal, handle);
  try {
    const value = await work(stopping.signal);
    return { value, interrupted };
  } finally {
    for (const { signal, handle } of handlers) process.off(signal, handle);
  }
}
