// Looks again and again: a picture that redraws itself on a terminal, one after the other elsewhere. Ends by Ctrl-C.

import { setTimeout as sleep } from "node:timers/promises";

const homeAndClear = "\u001b[H\u001b[2J";

export interface Repetition {
  readonly intervalMs: number;
  readonly redraw: boolean;
}

/** @param picture what to write, with its line feed; what it throws ends the watching. */
export async function repeat({ intervalMs, redraw }: Repetition, picture: () => Promise<string>): Promise<never> {
  for (;;) {
    const text = await picture();
    process.stdout.write(redraw ? homeAndClear + text : text);
    await sleep(intervalMs);
  }
}
