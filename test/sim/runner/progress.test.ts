import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptOutput } from "./fixtures/fake-surroundings.ts";
import { Progress } from "./progress.ts";
import { statusLine } from "./status-line.ts";
import { Tally } from "./tally.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("on a terminal one line is rewritten, cut to its width, and gone when something else is printed", () => {
  const output = new KeptOutput("terminal");
  const progress = new Progress(output, () => "x".repeat(100));
  vi.advanceTimersByTime(500);
  progress.print(["a violation"]);
  progress.end();
  const shown = `\r\u001B[2K${"x".repeat(59)}`;
  expect(output.written).toEqual([shown, shown, "\r\u001B[2K", "a violation\n"]);
});

test("elsewhere there is a plain line every ten seconds, and no control character", () => {
  const output = new KeptOutput("file");
  let count = 0;
  const progress = new Progress(output, () => `line ${(count += 1)}`);
  vi.advanceTimersByTime(29_000);
  progress.print(["a violation"]);
  progress.end();
  vi.advanceTimersByTime(60_000);
  expect(output.lines).toEqual(["line 1", "line 2", "a violation"]);
});

test("the status says how far, how fast, what was found and when it will be over", () => {
  const tally = new Tally();
  const outcome = { seed: 1, violation: undefined, traceHash: "", events: 600_000, virtualMs: 36_000_000, operations: 1234, faults: {}, plan: [], marks: {} };
  expect(statusLine(tally, { seeds: 4 }, 0)).toBe("0/4 seeds  0 events/s  0.0 h/h  0 ops  0 violations  ETA -");
  tally.add({ job: { seed: 1, omit: [] }, outcome, lines: undefined });
  expect(statusLine(tally, { seeds: 4 }, 10_000)).toBe("1/4 seeds  60,000 events/s  3,600 h/h  1,234 ops  0 violations  ETA 30s");
  expect(statusLine(tally, { endMs: 60_000 }, 10_000)).toBe("1 seeds  60,000 events/s  3,600 h/h  1,234 ops  0 violations  ETA 50s");
});
