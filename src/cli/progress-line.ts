// How far a long operation is, on stderr: one line drawn anew on a terminal, one line for each change of stage elsewhere, so that a log of a CI run
// stays short. Says nothing when it is told to be quiet.

import { visible } from "./terminal.ts";

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #quiet: boolean;
  #stage: string | undefined;
  #drawn = false;

  constructor(quiet: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#quiet = quiet;
    this.#stream = stream;
  }

  /** @param stage changes seldom; `detail` may change with each call. */
  show(stage: string, detail = ""): void {
    if (this.#quiet) return;
    const line = visible(detail === "" ? stage : `${stage} ${detail}`);
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K${line.slice(0, Math.max(20, this.#stream.columns - 1))}`);
    else if (stage !== this.#stage) this.#stream.write(`${line}\n`);
    this.#stage = stage;
    this.#drawn = true;
  }

  /** Before anything else is written to the terminal. */
  end(): void {
    if (this.#drawn && this.#stream.isTTY) this.#stream.write("\n");
    this.#drawn = false;
  }
}
