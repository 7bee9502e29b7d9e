// Virtual time, lives and clocks for the tests of the simulated disk and store, without the kernel of the simulator. Time either passes by itself, one event
// per turn of the real event loop, or when the test says so.

import type { Clock, Timer } from "../../../../src/base/clock.ts";
import type { TimedLife } from "../operations.ts";

interface Event {
  readonly time: number;
  readonly order: number;
  readonly call: () => void;
}

export class TestTime {
  now = 0;
  /** How many events there ever were. */
  scheduled = 0;
  readonly #byItself: boolean;
  #events: Event[] = [];

  constructor(mode: "by itself" | "by hand") {
    this.#byItself = mode === "by itself";
  }

  after(ms: number, call: () => void): void {
    this.scheduled += 1;
    this.#events.push({ time: this.now + ms, order: this.scheduled, call });
    if (this.#byItself) setImmediate(() => this.#next(Infinity));
  }

  /** Lets this much pass, and everything happen that follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await turn();
    while (this.#next(end)) await turn();
    this.now = end;
  }

  #next(end: number): boolean {
    const [first] = this.#events.toSorted((left, right) => left.time - right.time || left.order - right.order);
    if (first === undefined || first.time > end) return false;
    this.#events = this.#events.filter((event) => event !== first);
    this.now = first.time;
    first.call();
    return true;
  }
}

export class TestLife implements TimedLife {
  readonly name = "n1";
  readonly boot = 1;
  alive = true;
  readonly points: string[] = [];
  /** The process dies when it has passed this many points more, or this one. */
  dieAt: number | string | undefined;
  onDeath = (): void => undefined;
  readonly #time: TestTime;

  constructor(time: TestTime) {
    this.#time = time;
  }

  get now(): number {
    return this.#time.now;
  }

  after(ms: number, call: () => void): void {
    this.#time.after(ms, () => this.alive && call());
  }

  passed(point: string): void {
    this.points.push(point);
    if (typeof this.dieAt === "number") this.dieAt -= 1;
    if (this.dieAt === 0 || this.dieAt === point) this.die();
  }

  die(): void {
    this.alive = false;
    this.onDeath();
  }
}

/** Timers of a life; a turn ends with the turn of the real event loop. */
export class TestClock implements Clock {
  readonly #life: TestLife;

  constructor(life: TestLife) {
    this.#life = life;
  }

  now(): number {
    return this.#life.now;
  }

  wallNow(): number {
    return 1_800_000_000_000 + Math.floor(this.#life.now);
  }

  at(time: number, call: () => void): Timer {
    let cancelled = false;
    this.#life.after(Math.max(0, time - this.#life.now), () => !cancelled && call());
    return { cancel: () => void (cancelled = true) };
  }

  endOfTurn(call: () => void): void {
    setImmediate(() => this.#life.alive && call());
  }

  nextTurn(call: () => void): void {
    this.endOfTurn(call);
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether it settles, once all that can happen now has happened. */
export async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => (settled = true), () => (settled = true));
  await turn();
  return settled;
}
