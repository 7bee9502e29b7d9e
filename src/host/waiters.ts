// Promises for "the index has reached N" and for "this has become true", with a deadline each, swept now and then instead of a timer for each.

import type { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";

interface Waiting<T> {
  readonly accepts: (value: T) => boolean;
  readonly deadline: number;
  readonly late: () => RaftctlError;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Waits for a value that grows or changes, and is told each time. */
export class Waiters<T> {
  #waiting: Waiting<T>[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  until(accepts: (value: T) => boolean, deadline: number, late: () => RaftctlError): Promise<T> {
    return new Promise((resolve, reject) => this.#waiting.push({ accepts, deadline, late, resolve, reject }));
  }

  tell(value: T): void {
    if (this.#waiting.length === 0) return;
    this.#keep((waiting) => {
      if (!waiting.accepts(value)) return true;
      waiting.resolve(value);
      return false;
    });
  }

  expire(now: number): void {
    this.#keep((waiting) => {
      if (waiting.deadline > now) return true;
      mark("waiter-ran-out-of-time");
      waiting.reject(waiting.late());
      return false;
    });
  }

  failAll(error: RaftctlError): void {
    for (const waiting of this.#waiting) waiting.reject(error);
    this.#waiting = [];
  }

  #keep(stays: (waiting: Waiting<T>) => boolean): void {
    this.#waiting = this.#waiting.filter(stays);
  }
}
