import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { SystemClock } from "../../src/platform/system-clock.ts";

const clock = new SystemClock();

test("a timer fires once its time has come, never before and never synchronously", async () => {
  const time = clock.now() + 12.5;
  const firedAt = await new Promise<number>((resolve) => {
    let isSynchronous = true;
    clock.at(time, () => resolve(isSynchronous ? -1 : clock.now()));
    isSynchronous = false;
  });
  expect(firedAt).toBeGreaterThanOrEqual(time);
});

test("a time in the past fires in a later turn", async () => {
  let fired = false;
  const done = new Promise<void>((resolve) => clock.at(clock.now() - 100, () => {
    fired = true;
    resolve();
  }));
  expect(fired).toBe(false);
  await done;
});

test("a cancelled timer does not fire", async () => {
  let fired = false;
  clock.at(clock.now() + 5, () => (fired = true)).cancel();
  await new Promise<void>((resolve) => clock.at(clock.now() + 15, resolve));
  expect(fired).toBe(false);
});

test("a deadline beyond what setTimeout can count does not fire at once", async () => {
  let fired = false;
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", onWarning);
  const timer = clock.at(clock.now() + 2 ** 33, () => (fired = true));
  await new Promise<void>((resolve) => clock.at(clock.now() + 10, resolve));
  timer.cancel();
  process.off("warning", onWarning);
  expect([fired, warnings]).toEqual([false, []]);
});

test("calls for the end of the turn run once, in order, after microtasks, and may ask again", async () => {
  const calls: string[] = [];
  clock.endOfTurn(() => {
    calls.push("first");
    clock.endOfTurn(() => calls.push("next turn"));
  });
  clock.endOfTurn(() => calls.push("second"));
  void Promise.resolve().then(() => calls.push("microtask"));
  expect(calls).toEqual([]);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(calls).toEqual(["microtask", "first", "second", "next turn"]);
});

test("work in steps lets new input in after each of them, in a turn of its own", async () => {
  const calls: string[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.on("message", () => calls.push("input"));
  const step = (name: string): Promise<void> =>
    new Promise((resolve) => {
      clock.nextTurn(() => {
        calls.push(name);
        port2.postMessage("");
        resolve();
      });
    });
  for (const name of ["first", "second", "third"]) await step(name);
  port1.close();
  expect(calls).toEqual(["first", "input", "second", "input", "third"]);
});

test("what the end of a turn leads to, directly or through promises, still belongs to that turn; what goes on for ever lets other input in", async () => {
  const calls: string[] = [];
  clock.endOfTurn(() => {
    clock.endOfTurn(() => calls.push("asked directly"));
    void Promise.resolve().then(() => Promise.resolve()).then(() => clock.endOfTurn(() => calls.push("asked through promises")));
  });
  await new Promise(setImmediate);
  calls.push("the loop goes on");
  expect(calls).toEqual(["asked directly", "asked through promises", "the loop goes on"]);
  let rounds = 0;
  const again = (): void => {
    rounds += 1;
    if (rounds < 100) clock.endOfTurn(again);
  };
  clock.endOfTurn(again);
  await new Promise(setImmediate);
  expect(rounds).toBeLessThan(100);
  for (let turns = 0; rounds < 100 && turns < 100; turns += 1) await new Promise(setImmediate);
  expect(rounds).toBe(100);
});

test("now never goes back, and wallNow is the time of day", () => {
  const readings = Array.from({ length: 1_000 }, () => clock.now());
  expect(readings.every((reading, at) => at === 0 || reading >= readings[at - 1]!)).toBe(true);
  expect(Math.abs(clock.wallNow() - Date.now())).toBeLessThan(1_000);
});
