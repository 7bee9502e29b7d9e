// The time that a load keeps to: a clock as precise as the machine has, and two ways to be called, roughly at a time and as soon as possible.

import type { Clock } from "../../../base/clock.ts";

export type LoadClock = Pick<Clock, "now" | "at" | "nextTurn">;

export const loadClock: LoadClock = {
  now: () => performance.now(),
  at: (time, call) => {
    const timer = setTimeout(call, Math.max(0, time - performance.now()));
    return { cancel: () => clearTimeout(timer) };
  },
  nextTurn: (call) => void setImmediate(call),
};
