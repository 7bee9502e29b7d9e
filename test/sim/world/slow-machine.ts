// A state machine that takes its time to replace its state by a snapshot, as a large one does. The log has told of the snapshot by then.

import { Machine, type MachineOptions } from "../../../src/machine/machine.ts";
import type { ImagePosition } from "../../../src/machine/state-machine.ts";
import type { ProcessLife } from "../kernel/process-life.ts";

export class SlowMachine extends Machine {
  readonly #life: ProcessLife;
  readonly #restoreMs: () => number;

  constructor(options: MachineOptions, life: ProcessLife, restoreMs: () => number) {
    super(options);
    this.#life = life;
    this.#restoreMs = restoreMs;
  }

  override restore(position: ImagePosition, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return super.restore(position, this.#late(chunks));
  }

  async *#late(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const ms = this.#restoreMs();
    if (ms > 0) await new Promise<void>((resolve) => this.#life.after(ms, resolve));
    yield* chunks;
  }
}
