// The links between processes, one per direction: how long a message takes, and whether it arrives. The swarm draws the weather of the whole network,
// faults change single links. Links to and from clients are links like any other.

import type { Prng } from "../../../src/base/prng.ts";

export interface Weather {
  /** ms, one way. */
  readonly delayMin: number;
  readonly delayMax: number;
  /** Of a message to take up to `longDelay` instead, so that later ones overtake it. */
  readonly longDelayChance: number;
  readonly longDelay: number;
  readonly loss: number;
  /** Of a request to arrive twice. */
  readonly repetition: number;
}

export interface Fate {
  /** undefined: it never arrives. */
  readonly delay: number | undefined;
  /** Of its second copy, if there is one. */
  readonly repeatedAfter: number | undefined;
}

const lost: Fate = { delay: undefined, repeatedAfter: undefined };

export class Links {
  readonly #prng: Prng;
  #weather: Weather;
  readonly #cut = new Map<string, number>();
  readonly #slow = new Map<string, number>();
  /** Messages that never arrived, by reason. */
  cutTotal = 0;
  lostTotal = 0;
  repeatedTotal = 0;

  constructor(prng: Prng, weather: Weather) {
    this.#prng = prng;
    this.#weather = weather;
  }

  fateOf(from: string, to: string): Fate {
    const link = `${from}>${to}`;
    if (this.#cut.has(link)) {
      this.cutTotal += 1;
      return lost;
    }
    const { loss, repetition } = this.#weather;
    if (loss > 0 && this.#prng.chance(loss)) {
      this.lostTotal += 1;
      return lost;
    }
    const delay = this.#delay() + (this.#slow.get(link) ?? 0);
    if (repetition === 0 || !this.#prng.chance(repetition)) return { delay, repeatedAfter: undefined };
    this.repeatedTotal += 1;
    return { delay, repeatedAfter: delay + this.#delay() };
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  /** Cuts add up: a link works again when each of them was mended. */
  cutOneWay(from: string, to: string): void {
    const link = `${from}>${to}`;
    this.#cut.set(link, (this.#cut.get(link) ?? 0) + 1);
  }

  mendOneWay(from: string, to: string): void {
    const link = `${from}>${to}`;
    const count = this.#cut.get(link) ?? 0;
    if (count > 1) this.#cut.set(link, count - 1);
    else this.#cut.delete(link);
  }

  slow(from: string, to: string, extraMs: number): void {
    if (extraMs === 0) this.#slow.delete(`${from}>${to}`);
    else this.#slow.set(`${from}>${to}`, extraMs);
  }

  /** Everything arrives again, in good time. */
  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
    this.#weather = { ...this.#weather, loss: 0, longDelayChance: 0, repetition: 0 };
  }

  #delay(): number {
    const { delayMin, delayMax, longDelayChance, longDelay } = this.#weather;
    if (longDelayChance > 0 && this.#prng.chance(longDelayChance)) return delayMin + this.#prng.next() * longDelay;
    return delayMin + this.#prng.next() * (delayMax - delayMin);
  }
}
