// A machine whose sessions are tried: one command after the other, across restarts and moves.

import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { defaultSessionLimits, type SessionLimits } from "../../src/machine/sessions.ts";
import { type Command, withTime } from "../../src/wire/command.ts";
import { asyncOf, entryOf, noopOf, resultOf } from "./bytes-of.ts";

export class SessionBench {
  store = new MemoryStore();
  machine: Machine;
  readonly #limits: SessionLimits;

  constructor(limits?: Partial<SessionLimits>) {
    this.#limits = { ...defaultSessionLimits, ...limits };
    this.machine = this.#machineOver(this.store);
  }

  run(command: Command): ReturnType<typeof resultOf> {
    return resultOf(this.raw(command));
  }

  raw(command: Command, time?: number): Uint8Array {
    const entry = entryOf(this.machine.lastApplied + 1, command);
    return this.machine.apply(time === undefined ? entry : { ...entry, data: withTime(entry.data, time) })!;
  }

  /** Nothing but the index goes on. */
  pass(entries: number): void {
    for (let passed = 0; passed < entries; passed += 1) this.machine.apply(noopOf(this.machine.lastApplied + 1));
  }

  restart(): void {
    this.machine = this.#machineOver(this.store);
  }

  /** The content moves to another node through an image. */
  async move(): Promise<void> {
    const image = this.machine.image();
    const store = new MemoryStore();
    const machine = this.#machineOver(store);
    await machine.restore(image, asyncOf(image.chunks()));
    image.close();
    this.store = store;
    this.machine = machine;
  }

  #machineOver(store: MemoryStore): Machine {
    return new Machine({ store, sessionLimits: this.#limits });
  }
}
