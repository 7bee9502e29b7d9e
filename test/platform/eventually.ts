// What becomes true by itself, on a machine that may be busy: asked again and again, with patience, never waited for by a fixed time.

import { expect } from "vitest";

export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 15_000, interval: 10 });
}
