// Virtual time. What is scheduled runs in the order of time, and in the order of scheduling where times are equal; after each event everything
// that follows from it by promises has happened before the next one begins. Nothing else in the simulation waits for anything real.

export interface Scheduled {
  /** Emptied when it is cancelled. */
  call: (() => void) | undefined;
  readonly time: number;
  readonly order: number;
}

const eventsAtOneTimeMax = 200_000;

/** So often the real event loop gets its turn: signals, and messages of the process that gives out the seeds. */
const restsPerRealTurn = 1024;

export interface SchedulerOwner {
  /** An event and all that followed from it is over. */
  eventEnded(): void;
}

export class Scheduler {
  readonly #owner: SchedulerOwner;
  #now = 0;
  #events = 0;
  #order = 0;
  readonly #heap: Scheduled[] = [];
  #turnEnds: (() => void)[] = [];
  #atThisTime = 0;
  #rests = 0;
  #failure: { readonly thrown: unknown } | undefined;

  constructor(owner: SchedulerOwner) {
    this.#owner = owner;
  }

  /** ms */
  get now(): number {
    return this.#now;
  }

  get events(): number {
    return this.#events;
  }

  at(time: number, call: () => void): Scheduled {
    this.#order += 1;
    const scheduled = { call, time: Math.max(time, this.#now), order: this.#order };
    this.#heap.push(scheduled);
    this.#rise(this.#heap.length - 1);
    return scheduled;
  }

  /** At the end of this event, after its promises. */
  endOfTurn(call: () => void): void {
    this.#turnEnds.push(call);
  }

  /** The first failure ends the run: `run` rejects with it. */
  fail(thrown: unknown): void {
    this.#failure ??= { thrown };
  }

  /** Runs events until `done` holds after one of them (true), or the next one would be later than `end` (false). */
  async run(end: number, done: () => boolean): Promise<boolean> {
    await this.#settle();
    while (!done()) {
      const next = this.#next(end);
      if (next === undefined) {
        this.#now = end;
        return false;
      }
      this.#advance(next.time);
      this.#call(next.call!);
      await this.#settle();
      this.#owner.eventEnded();
      if (this.#failure !== undefined) throw this.#failure.thrown;
    }
    return true;
  }

  #advance(time: number): void {
    this.#events += 1;
    this.#atThisTime = time === this.#now ? this.#atThisTime + 1 : 0;
    this.#now = time;
    if (this.#atThisTime > eventsAtOneTimeMax) throw new Error(`more than ${eventsAtOneTimeMax} events at ${time} ms: time does not go on`);
  }

  #call(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  async #settle(): Promise<void> {
    for (;;) {
      await this.#promisesRest();
      if (this.#turnEnds.length === 0) return;
      const calls = this.#turnEnds;
      this.#turnEnds = [];
      for (const call of calls) this.#call(call);
    }
  }

  /** Until every promise that can go on has gone on. Ticks of Node run when no microtask is left, and cost no turn of the real event loop. */
  #promisesRest(): Promise<void> {
    this.#rests += 1;
    return new Promise(this.#rests % restsPerRealTurn === 0 ? setImmediate : process.nextTick);
  }

  /** The next one that was not cancelled, removed. */
  #next(end: number): Scheduled | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.time <= end) {
      const next = this.#pop();
      if (next.call !== undefined) return next;
    }
    return undefined;
  }

  #pop(): Scheduled {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(start: number): void {
    const heap = this.#heap;
    const item = heap[start]!;
    let child = start;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (before(heap[parent]!, item)) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = item;
  }

  #sink(): void {
    const heap = this.#heap;
    const item = heap[0]!;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (before(item, heap[child]!)) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = item;
  }
}

function before(left: Scheduled, right: Scheduled): boolean {
  return left.time < right.time || (left.time === right.time && left.order < right.order);
}
