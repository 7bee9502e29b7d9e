// The states that this node holds for who reads a range page by page, so that every page shows it as it was at the index of the first one. Each holds a read
// transaction, in which the database must keep what has since been changed: there are only so many of them, and none lasts for long, whatever becomes of its
// reader.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { RangePage, RangeQuery } from "../machine/reader.ts";
import type { RecordView } from "../machine/record-view.ts";

/** As Machine has it. */
export interface ViewedMachine {
  view(): RecordView;
}

export interface ReadViewsOptions {
  readonly machine: ViewedMachine;
  readonly clock: Clock;
  /** Nobody else can guess it. */
  readonly newName: () => string;
  readonly limits?: ReadViewLimits;
}

export interface ReadViewLimits {
  /** Held at the same time; more are answered BUSY. */
  readonly perConnection: number;
  readonly perNode: number;
}

export const readViewLimits: ReadViewLimits = { perConnection: 32, perNode: 128 };
/** Without a page asked for, it ends. */
export const viewSilenceMs = 30_000;
/** It ends, however often pages are asked for. */
export const viewLifeMs = 300_000;

/** A page of what is held. */
export interface HeldPage extends RangePage {
  readonly index: number;
  /** What was said of the first page, and the time since then, ms. */
  readonly staleMs: number | undefined;
}

interface Held {
  readonly view: RecordView;
  readonly openedAt: number;
  readonly staleMs: number | undefined;
  timer: Timer;
}

export class ReadViews {
  readonly #options: ReadViewsOptions;
  readonly #limits: ReadViewLimits;
  readonly #byOwner = new Map<object, Map<string, Held>>();
  /** Who has left while his first page was on its way. */
  readonly #left = new WeakSet<object>();
  #count = 0;
  #isStopped = false;

  constructor(options: ReadViewsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? readViewLimits;
  }

  /** Held now. */
  get count(): number {
    return this.#count;
  }

  /**
   * Holds the state as it is now.
   * @param owner who alone may read it, to be told by `leave` when he is gone
   * @param staleMs of the page that was read of it just now
   * @throws BUSY when too many are held, STOPPED when he is gone or this node is stopping
   */
  hold(owner: object, staleMs: number | undefined): string {
    if (this.#isStopped || this.#left.has(owner)) throw new RaftctlError("STOPPED", this.#isStopped ? "this node is stopping" : "who asked is gone");
    const { machine, clock, newName } = this.#options;
    const mine = this.#byOwner.get(owner) ?? new Map<string, Held>();
    if (mine.size >= this.#limits.perConnection) throw busy(`${mine.size} ranges are read page by page over this connection already (at most ${this.#limits.perConnection})`);
    if (this.#count >= this.#limits.perNode) throw busy(`${this.#count} ranges are read page by page here already (at most ${this.#limits.perNode})`);
    const view = machine.view();
    const name = newName();
    const openedAt = clock.now();
    this.#byOwner.set(owner, mine.set(name, { view, openedAt, staleMs, timer: this.#endLater(owner, name, openedAt) }));
    this.#count += 1;
    return name;
  }

  /** @throws VIEW_GONE */
  read(owner: object, name: string, query: RangeQuery): HeldPage {
    const held = this.#byOwner.get(owner)?.get(name);
    // One of a state that was replaced is not read any more, and leaves with its time.
    if (held === undefined || !held.view.isOpen) {
      mark("page-asked-of-a-state-that-is-gone");
      throw gone();
    }
    held.timer.cancel();
    held.timer = this.#endLater(owner, name, held.openedAt);
    const { view, staleMs, openedAt } = held;
    return { ...view.range(query), index: view.index, staleMs: staleMs === undefined ? undefined : Math.round(staleMs + this.#options.clock.now() - openedAt) };
  }

  /** Whether it was held. */
  end(owner: object, name: string): boolean {
    const mine = this.#byOwner.get(owner);
    const held = mine?.get(name);
    if (mine === undefined || held === undefined) return false;
    held.timer.cancel();
    held.view.close();
    mine.delete(name);
    if (mine.size === 0) this.#byOwner.delete(owner);
    this.#count -= 1;
    return true;
  }

  /** He is gone: nothing is held for him any more. */
  leave(owner: object): void {
    this.#left.add(owner);
    for (const name of [...(this.#byOwner.get(owner)?.keys() ?? [])]) this.end(owner, name);
  }

  /** Before the state is closed. */
  stop(): void {
    this.#isStopped = true;
    for (const owner of [...this.#byOwner.keys()]) this.leave(owner);
  }

  #endLater(owner: object, name: string, openedAt: number): Timer {
    const { clock } = this.#options;
    return clock.at(Math.min(clock.now() + viewSilenceMs, openedAt + viewLifeMs), () => void this.end(owner, name));
  }
}

function gone(): RaftctlError {
  const message = "the state of these pages is not held here any more: no page was asked for within "
    + `${viewSilenceMs / 1000} s, ${viewLifeMs / 60_000} minutes have passed, the connection or the node is another one, or the node's state was replaced`;
  return new RaftctlError("VIEW_GONE", message, { hint: "begin again with the first page" });
}

function busy(message: string): RaftctlError {
  return new RaftctlError("BUSY", message, { hint: "read the ranges to their ends, ask another node, or wait" });
}
