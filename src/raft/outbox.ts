// Collects what the core wants done until the host takes it. Arrays are handed over, not copied; an empty one is shared, so that a Ready
// with little in it costs little.

import type { Answer, DependentEnvelope, Envelope, RaftEvent, Transfer } from "./ready.ts";

export class Outbox {
  messages = new Lane<Envelope>();
  dependents = new Lane<DependentEnvelope>();
  answers = new Lane<Answer>();
  transfers = new Lane<Transfer>();
  events = new Lane<RaftEvent>();

  get isEmpty(): boolean {
    return (
      this.messages.isEmpty && this.dependents.isEmpty && this.answers.isEmpty && this.transfers.isEmpty && this.events.isEmpty
    );
  }
}

class Lane<T> {
  #items: T[] | undefined;

  get isEmpty(): boolean {
    return this.#items === undefined;
  }

  push(item: T): void {
    if (this.#items === undefined) this.#items = [item];
    else this.#items.push(item);
  }

  take(): readonly T[] {
    const items = this.#items;
    this.#items = undefined;
    return items ?? nothing;
  }
}

const nothing: readonly never[] = [];
