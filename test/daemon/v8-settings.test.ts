import { expect, test } from "vitest";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { setUpV8 } from "../../src/daemon/v8-settings.ts";

const isKnown = process.versions.v8.startsWith("13.");

async function figureOf(child: string, mode: "set" | "shipped"): Promise<number> {
  const file = join(import.meta.dirname, "support", child);
  return Number((await promisify(execFile)(process.execPath, ["--allow-natives-syntax", file, mode])).stdout);
}

test("what is replaced outside of V8's heap has everything collected less than half as often, where V8 knows the switch", async () => {
  const [set, shipped] = await Promise.all([figureOf("collector-child.ts", "set"), figureOf("collector-child.ts", "shipped")]);
  expect(shipped).toBeGreaterThan(5);
  expect(set < shipped / 2).toBe(isKnown);
});

test("what is called often is optimized after less than half as many calls, where V8 knows the switches", async () => {
  const [set, shipped] = await Promise.all([figureOf("compiler-child.ts", "set"), figureOf("compiler-child.ts", "shipped")]);
  expect(shipped).toBeGreaterThan(1_600);
  expect(set < shipped / 2).toBe(isKnown);
});

test("a V8 that may not know the switches is not given them", () => {
  const given: string[] = [];
  for (const version of ["12.4.254.21-node.33", "14.1.0", "1.13.0"]) setUpV8(version, (flags) => void given.push(flags));
  expect(given).toEqual([]);
  setUpV8("13.6.233.17-node.41", (flags) => void given.push(flags));
  expect(given).toHaveLength(3);
});
