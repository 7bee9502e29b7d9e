// Virtual time: what is scheduled runs in order of time, and in order of scheduling where times are equal.

interface Scheduled {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventQueue {
  now = 0;
  #heap: Scheduled[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    this.#order += 1;
    this.#heap.push({ time: Math.max(time, this.now), order: this.#order, run });
    this.#up(this.#heap.length - 1);
  }

  after(delay: number, run: () => void): void {
    this.at(this.now + delay, run);
  }

  runUntil(end: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.time <= end) {
      const next = this.#heap[0]!;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#down(0);
      }
      this.now = next.time;
      next.run();
    }
    this.now = end;
  }

  #up(start: number): void {
    let child = start;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (before(this.#heap[parent]!, this.#heap[child]!)) return;
      [this.#heap[parent], this.#heap[child]] = [this.#heap[child]!, this.#heap[parent]!];
      child = parent;
    }
  }

  #down(start: number): void {
    let parent = start;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && before(this.#heap[child]!, this.#heap[least]!)) least = child;
      }
      if (least === parent) return;
      [this.#heap[parent], this.#heap[least]] = [this.#heap[least]!, this.#heap[parent]!];
      parent = least;
    }
  }
}

function before(left: Scheduled, right: Scheduled): boolean {
  return left.time < right.time || (left.time === right.time && left.order < right.order);
}
