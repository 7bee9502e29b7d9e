// Waiting that its caller may give up: the work goes on by itself, and what becomes of it is nobody's business any more.

/** As `work`; rejects with `givenUp()` when the signal aborts first, or has already. Leaves nothing behind on the signal, which may live much longer. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, givenUp: () => Error): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(givenUp());
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  });
}
