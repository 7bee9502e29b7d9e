// The life of one process under virtual time: it can be paused, and it ends at once. A pause holds back whatever comes for the process; when it goes
// on, its timers run first and then what came over the network and from the disk, all in one turn, as an event loop does after a stall (H7).

import type { Life } from "./life.ts";
import type { Scheduled, Scheduler } from "./scheduler.ts";

export interface LifeOwner {
  /** The process has been given something to do in this event. */
  touched(): void;
  passed(point: string): void;
}

export class ProcessLife implements Life {
  readonly name: string;
  readonly boot: number;
  readonly #scheduler: Scheduler;
  readonly #owner: LifeOwner;
  #alive = true;
  #paused = false;
  #lateTimers: (() => void)[] = [];
  #lateCalls: (() => void)[] = [];

  constructor(name: string, boot: number, scheduler: Scheduler, owner: LifeOwner) {
    this.name = name;
    this.boot = boot;
    this.#scheduler = scheduler;
    this.#owner = owner;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  after(ms: number, call: () => void): void {
    this.#scheduler.at(this.#scheduler.now + ms, () => this.give(call));
  }

  /** Now, or when the process goes on. */
  give(call: () => void): void {
    if (this.#paused) this.#lateCalls.push(call);
    else this.#run(call);
  }

  /** Virtual ms; not what the process takes the time for. */
  get now(): number {
    return this.#scheduler.now;
  }

  /** What was sent arrives, whatever becomes of the sender. */
  inNetwork(ms: number, call: () => void): void {
    this.#scheduler.at(this.#scheduler.now + ms, call);
  }

  timer(time: number, call: () => void): Scheduled {
    const timer = this.#scheduler.at(time, () => {
      if (this.#paused) this.#lateTimers.push(() => timer.call !== undefined && call());
      else this.#run(call);
    });
    return timer;
  }

  endOfTurn(call: () => void): void {
    this.#scheduler.endOfTurn(() => {
      if (this.#paused) this.#lateCalls.push(() => this.endOfTurn(call));
      else this.#run(call);
    });
  }

  passed(point: string): void {
    if (this.#alive) this.#owner.passed(point);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const calls = [...this.#lateTimers, ...this.#lateCalls];
    this.#lateTimers = [];
    this.#lateCalls = [];
    for (const call of calls) this.#run(call);
  }

  end(): void {
    this.#alive = false;
    this.#lateTimers = [];
    this.#lateCalls = [];
  }

  #run(call: () => void): void {
    if (!this.#alive) return;
    this.#owner.touched();
    call();
  }
}
