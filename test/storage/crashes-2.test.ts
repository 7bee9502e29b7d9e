import { expect, test } from "vitest";
import { CrashLife } from "./crash-life.ts";

// Half of the 20,000 states; the other half is in crashes-1.test.ts, so that both run at the same time.
test("after a crash at any write, fsync, rename or unlink nothing acknowledged is lost and nothing is invented (S40, S73, H34, H44, H50), life 2", { timeout: 120_000 }, async () => {
  const life = new CrashLife(2, 48);
  await life.live();
  expect(life.counts.boundaries).toBeGreaterThan(200);
  expect(life.counts.torn).toBeGreaterThan(500);
  expect(life.counts.states).toBeGreaterThan(10_000);
});
