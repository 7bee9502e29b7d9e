// Looks for one order of a key's operations that explains every answer: the search of Wing & Gong with Lowe's memory of configurations that were tried
// in vain. Exact: a configuration is remembered as what it is, not as a hash. It always ends: used-up effort is "undecided", which is no pass.
//
// Four things keep it small. A step that fits and by its answer changes nothing is taken at once and never reconsidered: if any order works, one that
// takes it now works too. Open operations are tried behind all others, and of several that would do the same the one that was called first. A configuration is written as the first operation that is not placed, by return, and the
// few beside it that could be: everything that returned before it is placed, and nothing that was called behind its return.

import { assert } from "../../base/assert.ts";
import type { Completed } from "./history.ts";
import { ended, observed, takeEffect, taken } from "./register.ts";
import type { Effect, KeySteps, Register, Step } from "./register.ts";

export type KeyVerdict = "linearizable" | "violated" | "undecided";

/** Where the search got furthest and no order went on. */
export interface Stuck {
  /** It had to be next at the latest, and its answer does not fit. */
  readonly item: Completed;
  /** It saw a value that no operation can have written, or a transaction in part. */
  readonly isUnwritten: boolean;
  readonly value: string | undefined;
  readonly version: number;
  /** The lease of the key has ended there. */
  readonly isEnded: boolean;
  /** The latest in the order so far, oldest first. */
  readonly after: readonly Completed[];
}

interface Frame {
  readonly place: number;
  /** It changes nothing wherever it stands, so there was no choice. */
  readonly isForced: boolean;
  readonly value: number;
  readonly version: number;
}

const none = -1;
const stepsShown = 3;

export class KeySearch {
  readonly #key: KeySteps;
  /** In the order of their calls; a place is a position here, and behind its end a position in `#open`. */
  readonly #closed: Step[] = [];
  readonly #open: Step[] = [];
  readonly #isOpenPlaced: boolean[] = [];
  /** For each open step the one before it that does the same, or none: it is placed first. */
  readonly #twin: number[];
  /** Closed steps that are not placed, as a ring through the head at `#closed.length`. */
  readonly #next: number[] = [];
  readonly #previous: number[] = [];
  /** Places of closed steps in the order of their returns, and its reverse. */
  readonly #byReturn: number[];
  readonly #rank: number[] = [];
  readonly #isPlaced: boolean[] = [];
  /** Rank of the first closed step by return that is not placed. */
  #low = 0;
  readonly #register: Register = { value: 0, version: 0 };
  readonly #stack: Frame[] = [];
  readonly #failed = new Set<string>();
  readonly #effortMax: number;
  #effort = 0;
  #deepest = none;
  #stuck: { place: number; version: number; value: string | undefined; isEnded: boolean; after: number[] } | undefined;

  constructor(key: KeySteps, configurationsMax: number) {
    this.#key = key;
    this.#effortMax = configurationsMax * 8;
    for (const step of key.steps) (step.isOpen ? this.#open : this.#closed).push(step);
    this.#twin = twinsOf(this.#open);
    const head = this.#closed.length;
    for (let place = 0; place <= head; place += 1) {
      this.#next.push(place === head ? 0 : place + 1);
      this.#previous.push(place === 0 ? head : place - 1);
    }
    this.#byReturn = this.#closed.map((_, place) => place).sort((left, right) => this.#returned(left) - this.#returned(right));
    for (const [rank, place] of this.#byReturn.entries()) this.#rank[place] = rank;
  }

  /** What the search has cost so far, in steps tried. */
  get effort(): number {
    return this.#effort;
  }

  /** After "violated". */
  get stuck(): Stuck {
    const { unexplained } = this.#key;
    if (unexplained !== undefined) return { item: unexplained.item, isUnwritten: true, value: undefined, version: 0, isEnded: false, after: [] };
    assert(this.#stuck !== undefined, "a search that failed got stuck somewhere");
    const { place, value, version, isEnded, after } = this.#stuck;
    return { item: this.#closed[place]!.item, isUnwritten: false, value, version, isEnded, after: after.map((at) => this.#stepAt(at).item) };
  }

  run(): KeyVerdict {
    if (this.#key.unexplained !== undefined) return "violated";
    let tried = none;
    for (;;) {
      if (tried === none) this.#takeForced();
      if (this.#low === this.#closed.length) return "linearizable";
      if (this.#effort > this.#effortMax) return "undecided";
      const place = tried === none && this.#isKnownToFail() ? none : this.#choose(tried);
      tried = none;
      if (place === none) {
        tried = this.#backtrack();
        if (tried === none) return "violated";
      }
    }
  }

  /** Takes every step that fits and only observes, until there is none. */
  #takeForced(): void {
    // A step that is taken out keeps its links, and those before it stay as impossible as they were: the register is the same.
    for (let place = this.#firstCandidate(); place !== none; place = this.#candidateBehind(place)) this.#take(place, observed);
  }

  /** Takes the next possible step behind the one that was tried before. */
  #choose(tried: number): number {
    for (let place = this.#candidateAfter(tried); place !== none; place = this.#candidateAfter(place)) {
      if (this.#take(place, taken)) return place;
    }
    return none;
  }

  #take(place: number, wanted: Effect): boolean {
    const register = this.#register;
    const { value, version } = register;
    this.#effort += 1;
    const effect = takeEffect(register, this.#stepAt(place));
    if (effect !== wanted) {
      register.value = value;
      register.version = version;
      return false;
    }
    this.#stack.push({ place, isForced: effect === observed, value, version });
    this.#mark(place);
    return true;
  }

  /** Remembers the configuration, and goes back to the last choice: its place, or none when there is no choice left. */
  #backtrack(): number {
    this.#noteStuck();
    const configuration = this.#configuration();
    this.#effort += configuration.length >> 5;
    this.#failed.add(configuration);
    for (let frame = this.#stack.pop(); frame !== undefined; frame = this.#stack.pop()) {
      this.#unmark(frame.place);
      this.#register.value = frame.value;
      this.#register.version = frame.version;
      if (!frame.isForced) return frame.place;
    }
    return none;
  }

  #isKnownToFail(): boolean {
    return this.#failed.size > 0 && this.#failed.has(this.#configuration());
  }

  #mark(place: number): void {
    const head = this.#closed.length;
    if (place > head) {
      this.#isOpenPlaced[place - head - 1] = true;
      return;
    }
    this.#next[this.#previous[place]!] = this.#next[place]!;
    this.#previous[this.#next[place]!] = this.#previous[place]!;
    this.#isPlaced[this.#rank[place]!] = true;
    while (this.#isPlaced[this.#low] === true) this.#low += 1;
  }

  #unmark(place: number): void {
    const head = this.#closed.length;
    if (place > head) {
      this.#isOpenPlaced[place - head - 1] = false;
      return;
    }
    this.#next[this.#previous[place]!] = place;
    this.#previous[this.#next[place]!] = place;
    const rank = this.#rank[place]!;
    this.#isPlaced[rank] = false;
    this.#low = Math.min(this.#low, rank);
  }

  #firstCandidate(): number {
    return this.#candidateBehind(this.#closed.length);
  }

  /** Of the closed steps. */
  #candidateBehind(place: number): number {
    const next = this.#next[place]!;
    return next < this.#closed.length && this.#closed[next]!.item.called <= this.#limit() ? next : none;
  }

  /** Of all steps: the closed ones first. `none` stands before the first one. */
  #candidateAfter(place: number): number {
    const head = this.#closed.length;
    if (place < head) {
      const closed = place === none ? this.#firstCandidate() : this.#candidateBehind(place);
      if (closed !== none) return closed;
    }
    for (let open = place > head ? place - head : 0; open < this.#open.length; open += 1) {
      if (this.#open[open]!.item.called > this.#limit()) return none;
      const twin = this.#twin[open]!;
      if (this.#isOpenPlaced[open] !== true && (twin === none || this.#isOpenPlaced[twin] === true)) return head + 1 + open;
    }
    return none;
  }

  /** What was called behind the first return that is not placed must wait for it. */
  #limit(): number {
    const place = this.#byReturn[this.#low];
    return place === undefined ? Number.POSITIVE_INFINITY : this.#returned(place);
  }

  #configuration(): string {
    let text = `${this.#low}|${this.#register.value}|${this.#register.version}`;
    for (let place = this.#firstCandidate(); place !== none; place = this.#candidateBehind(place)) text += `,${place}`;
    for (let open = 0; open < this.#open.length; open += 1) if (this.#isOpenPlaced[open] === true) text += `;${open}`;
    return text;
  }

  #noteStuck(): void {
    const depth = this.#stack.length;
    if (depth <= this.#deepest) return;
    this.#deepest = depth;
    const after = this.#stack.slice(-stepsShown).map((frame) => frame.place);
    this.#stuck = { place: this.#byReturn[this.#low]!, value: this.#valueHeld(), version: this.#register.version, isEnded: this.#register.value === ended, after };
  }

  /** As it was written last. */
  #valueHeld(): string | undefined {
    if (this.#register.value <= 0) return undefined;
    const writer = this.#stack.findLast((frame) => !frame.isForced && this.#stepAt(frame.place).written === this.#register.value);
    const operation = writer === undefined ? undefined : this.#stepAt(writer.place).item.operation;
    return operation !== undefined && "value" in operation ? operation.value : undefined;
  }

  #returned(place: number): number {
    return this.#closed[place]!.item.returned!;
  }

  #stepAt(place: number): Step {
    const head = this.#closed.length;
    return place > head ? this.#open[place - head - 1]! : this.#closed[place]!;
  }
}

function twinsOf(open: readonly Step[]): number[] {
  const latest = new Map<string, number>();
  return open.map(({ item: { operation }, written, wanted }, place) => {
    const condition = operation.kind === "putIf" ? Object.keys(operation.condition).join() : "";
    const name = `${operation.kind}|${condition}|${written}|${wanted}`;
    const twin = latest.get(name) ?? none;
    latest.set(name, place);
    return twin;
  });
}
