// Ctrl-C and SIGTERM end a command at once, with the exit code that shells expect. A command that has to clean up first (a daemon in the
// foreground, a laboratory) takes the signals over.

const codes = { SIGINT: 130, SIGTERM: 143 } as const;
const handlers = Object.entries(codes).map(([signal, code]) => ({ signal, handle: (): void => void process.exit(code) }));

export function exitOnSignals(): void {
  for (const { signal, handle } of handlers) process.on(signal, handle);
}

export function releaseSignals(): void {
  for (const { signal, handle } of handlers) process.off(signal, handle);
}
