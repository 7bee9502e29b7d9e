import { expect, test } from "vitest";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { countExternalMemoryWithHeap } from "../../src/daemon/collector.ts";

const child = join(import.meta.dirname, "support", "collector-child.ts");

async function collections(mode: "counted" | "apart"): Promise<number> {
  return Number((await promisify(execFile)(process.execPath, [child, mode])).stdout);
}

test("what is replaced outside of V8's heap has everything collected less than half as often, where V8 knows the switch", async () => {
  const [counted, apart] = await Promise.all([collections("counted"), collections("apart")]);
  expect(apart).toBeGreaterThan(5);
  expect(counted < apart / 2).toBe(process.versions.v8.startsWith("13."));
});

test("a V8 that may not know the switch is not given it", () => {
  const given: string[] = [];
  for (const version of ["12.4.254.21-node.33", "14.1.0", "1.13.0"]) countExternalMemoryWithHeap(version, (flags) => void given.push(flags));
  expect(given).toEqual([]);
  countExternalMemoryWithHeap("13.6.233.17-node.41", (flags) => void given.push(flags));
  expect(given).toHaveLength(1);
});
