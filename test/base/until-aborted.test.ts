import { expect, test, vi } from "vitest";
import { untilAborted } from "../../src/base/until-aborted.ts";

const givenUp = (): Error => new Error("given up");

test("without an abort it ends as the work does, and leaves nothing on the signal", async () => {
  const { signal } = new AbortController();
  const remove = vi.spyOn(signal, "removeEventListener");
  expect(await untilAborted(Promise.resolve(7), signal, givenUp)).toBe(7);
  await expect(untilAborted(Promise.reject(new Error("failed")), signal, givenUp)).rejects.toThrow("failed");
  expect(remove).toHaveBeenCalledTimes(2);
});

test("an abort ends the wait, before or during it, and the work's own failure afterwards is nobody's", async () => {
  const work = Promise.withResolvers<void>();
  const controller = new AbortController();
  const waiting = untilAborted(work.promise, controller.signal, givenUp);
  controller.abort();
  await expect(waiting).rejects.toThrow("given up");
  await expect(untilAborted(work.promise, controller.signal, givenUp)).rejects.toThrow("given up");
  work.reject(new Error("too late"));
  await work.promise.catch(() => undefined);
});
