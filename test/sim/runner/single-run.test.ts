import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { RunSeed } from "../outcome.ts";
import { fakeRun } from "./fixtures/fake-run.ts";
import { runHere } from "./single-run.ts";

const never: RunSeed = () => new Promise(() => undefined);

async function violationOf(run: RunSeed, meanwhile: (events: EventEmitter) => void) {
  const events = new EventEmitter();
  const result = runHere(run, { seed: 5, omit: [] }, { process: events, onLine: undefined });
  meanwhile(events);
  const { violation } = (await result).outcome;
  expect(events.eventNames()).toEqual([]);
  return violation;
}

test("a run that comes to its end in the usual way is what it says", async () => {
  expect(await violationOf(fakeRun, () => undefined)).toBeUndefined();
});

test("an error that nobody awaits is a violation of its own", async () => {
  expect(await violationOf(never, (events) => events.emit("uncaughtException", new TypeError("lost")))).toMatchObject({ property: "Simulator Throws", message: "TypeError: lost" });
});

test("a run that leaves nothing to do and has no answer stands still", async () => {
  expect(await violationOf(never, (events) => events.emit("beforeExit", 0))).toMatchObject({ property: "No Progress" });
});
