import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { allProperties } from "../properties/all.ts";
import { runnerProperties } from "./seed-job.ts";
import { usage } from "./usage.ts";

const page = readFileSync(new URL("../../../docs/simulator.md", import.meta.url), "utf8");

test("the simulator's page names every property that a run can violate", () => {
  const properties = allProperties({ now: () => 0, disks: { durableLogOf: () => undefined }, crc32, logs: { prng: new Prng(1), sights: () => [] }, electionTimeout: 100 }).map(({ name }) => name);
  expect(properties.length).toBeGreaterThan(10);
  const missing = [...properties, "Linearizability"].filter((name) => !page.includes(`| ${name} |`));
  expect(missing).toEqual([]);
  expect(Object.values(runnerProperties).filter((name) => !page.replaceAll(/\s+/g, " ").includes(`*${name}*`))).toEqual([]);
});

test("the simulator's page shows no option that the command line does not have", () => {
  const shown = new Set([...page.matchAll(/`[^`]*`|npm run sim[^\n]*/g)].flatMap(([text]) => text.match(/--[a-z][a-z-]+/g) ?? []));
  const known = new Set([...(usage.match(/--[a-z][a-z-]+/g) ?? []), "--help", "--inspect-brk"]);
  expect([...shown].filter((option) => !known.has(option))).toEqual([]);
});
