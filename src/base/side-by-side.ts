// Two sequences that ascend by their keys, read once and side by side: each key comes once, with what either of them has of it.

import { compareBytes } from "./bytes.ts";

export interface Keyed {
  readonly key: Uint8Array;
}

export type Pair<L, R> = readonly [left: L, right: R | undefined] | readonly [left: undefined, right: R];

/** Closes both when the reader stops early. Rejects with what either of them throws. */
export async function* sideBySide<L extends Keyed, R extends Keyed>(left: AsyncIterator<L>, right: AsyncIterator<R>): AsyncGenerator<Pair<L, R>> {
  try {
    let [leftStep, rightStep] = [await left.next(), await right.next()];
    for (;;) {
      const order = orderOf(leftStep, rightStep);
      if (order === undefined) return;
      const pair = [order > 0 ? undefined : leftStep.value, order < 0 ? undefined : rightStep.value] as Pair<L, R>;
      yield pair;
      if (order <= 0) leftStep = await left.next();
      if (order >= 0) rightStep = await right.next();
    }
  } finally {
    await left.return?.();
    await right.return?.();
  }
}

/** Below 0: the left key comes first. undefined: both have ended. */
function orderOf(left: IteratorResult<Keyed, unknown>, right: IteratorResult<Keyed, unknown>): number | undefined {
  if (left.done === true) return right.done === true ? undefined : 1;
  return right.done === true ? -1 : compareBytes(left.value.key, right.value.key);
}
