// How far a long run is. On a terminal one line that is rewritten and gone at the end; elsewhere a plain line every ten seconds, so that a log of a
// continuous integration stays short and is never silent for long. Whatever is printed meanwhile goes through here, or it would mix with the line.

import { printLines } from "./output.ts";
import type { Output } from "./output.ts";

const terminalEveryMs = 250;
const plainEveryMs = 10_000;
const clearLine = "\r\u001B[2K";

export class Progress {
  readonly #output: Output;
  readonly #line: () => string;
  readonly #timer: NodeJS.Timeout;
  #shown = false;

  /** @param line what to show now, on one line. */
  constructor(output: Output, line: () => string) {
    this.#output = output;
    this.#line = line;
    this.#timer = setInterval(() => this.#show(), output.isTTY === true ? terminalEveryMs : plainEveryMs);
  }

  print(lines: readonly string[]): void {
    this.#clear();
    printLines(this.#output, lines);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #show(): void {
    if (this.#output.isTTY !== true) return void this.#output.write(`${this.#line()}\n`);
    // One column is left free: a full line would wrap, and could not be rewritten.
    this.#output.write(clearLine + this.#line().slice(0, (this.#output.columns ?? 80) - 1));
    this.#shown = true;
  }

  #clear(): void {
    if (this.#shown) this.#output.write(clearLine);
    this.#shown = false;
  }
}
