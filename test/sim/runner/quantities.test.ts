import { expect, test } from "vitest";
import { amount, duration, parseDuration, whole } from "./quantities.ts";

test("numbers and times are short and readable", () => {
  expect([whole(1_234_567.4), amount(3.14), amount(1234.5)]).toEqual(["1,234,567", "3.1", "1,235"]);
  expect([0, 59_400, 59_600, 125_000, 3_600_000, 37_800_000].map(duration)).toEqual(["0s", "59s", "1m00s", "2m05s", "1h00m", "10h30m"]);
});

test("a time needs its unit", () => {
  expect(["90s", "10m", "1.5h"].map(parseDuration)).toEqual([90_000, 600_000, 5_400_000]);
  expect(["10", "0s", "-1s", "1d", "s", "", "1 m", "1e3s"].map(parseDuration)).toEqual(Array.from({ length: 8 }, () => undefined));
});
