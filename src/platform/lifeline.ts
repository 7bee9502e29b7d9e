// A descriptor whose other end a parent holds: when the parent is gone, however it ended, the descriptor ends too.

import { Socket } from "node:net";

/** Calls once, when the other end is closed. Does not keep the process alive. */
export function onParentGone(descriptor: number, call: () => void): void {
  const lifeline = new Socket({ fd: descriptor, readable: true, writable: false });
  let called = false;
  const once = (): void => {
    if (called) return;
    called = true;
    call();
  };
  lifeline.on("end", once).on("error", once).on("close", once).resume().unref();
}
