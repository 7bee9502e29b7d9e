// A gate that a test closes and opens: whoever passes while it is closed waits, and goes on in the order of arrival.

export class Gate {
  #closed = false;
  #waiting: (() => void)[] = [];

  /** Who waits at the moment. */
  get held(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.#closed = true;
  }

  open(): void {
    this.#closed = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** The first one passes, and the gate stays closed. */
  letOne(): void {
    this.#waiting.shift()?.();
  }

  pass(): Promise<void> {
    if (!this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
