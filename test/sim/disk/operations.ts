// How the calls of one process reach its disk: each passes a point when it is issued and another one right before it is answered, takes its time, and
// means nothing once the process is dead. What a call does, it does when its time is over, so that a crash before that finds it undone.

import type { Life } from "../kernel/life.ts";
import type { OperationPoint } from "./area.ts";
import type { SimConditions } from "./sim-conditions.ts";

/** A life that knows virtual time, which the process itself must not ask for. */
export interface TimedLife extends Life {
  readonly now: number;
}

/** What an operation will do, decided when it is issued. May throw a RaftctlError. */
export type Effect<T> = () => T;

export class Operations {
  readonly #life: TimedLife;
  readonly #conditions: SimConditions;

  constructor(life: TimedLife, conditions: SimConditions) {
    this.#life = life;
    this.#conditions = conditions;
  }

  /** Anything but making bytes or names durable. */
  other<T>(point: OperationPoint, issue: () => Effect<T>): Promise<T> {
    this.#life.passed(point.issued);
    if (!this.#life.alive) return never();
    const effect = issue();
    const ms = this.#conditions.otherMs();
    if (ms <= 0) return this.#finish(point, effect);
    return new Promise((resolve) => this.#life.after(ms, () => resolve(this.#finish(point, effect))));
  }

  durable<T>(point: OperationPoint, issue: () => Effect<T>): Promise<T> {
    this.#life.passed(point.issued);
    if (!this.#life.alive) return never();
    const effect = issue();
    const ms = this.#conditions.durableMs();
    if (ms <= 0 && !this.#stalled) return this.#finish(point, effect);
    return new Promise((resolve) => {
      this.#life.after(ms, () => this.#afterStall(() => resolve(this.#finish(point, effect))));
    });
  }

  get #stalled(): boolean {
    return this.#conditions.stalledUntil > this.#life.now;
  }

  #afterStall(call: () => void): void {
    if (!this.#stalled) return call();
    let looked = false;
    const look = (): void => {
      if (looked) return;
      looked = true;
      this.#afterStall(call);
    };
    const { stalledUntil } = this.#conditions;
    if (Number.isFinite(stalledUntil)) this.#life.after(stalledUntil - this.#life.now, look);
    this.#conditions.whenChanged(() => this.#life.after(0, look));
  }

  #finish<T>(point: OperationPoint, effect: Effect<T>): Promise<T> {
    let answer: Promise<T>;
    try {
      answer = Promise.resolve(effect());
    } catch (error) {
      answer = Promise.reject(error);
    }
    this.#life.passed(point.done);
    if (this.#life.alive) return answer;
    answer.catch(() => undefined);
    return never();
  }
}

/** One for each caller: what waits for it goes when the caller does. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
