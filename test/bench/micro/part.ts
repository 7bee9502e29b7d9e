// A part of the product by itself: one operation, as often as wanted, with everything it needs made before.

export interface PartialWork {
  /** Does it so many times. */
  readonly run: (times: number) => void | Promise<void>;
  readonly close?: () => Promise<void>;
}

export interface Part {
  readonly id: string;
  readonly title: string;
  /** Operations that are done at a time at least: those of one batch. */
  readonly batch: number;
  /** @param directory of its own, removed afterwards */
  readonly prepare: (directory: string) => PartialWork | Promise<PartialWork>;
}
