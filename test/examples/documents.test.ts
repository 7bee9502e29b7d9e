// The programs of the documentation: each stands in a document letter by letter, runs, and prints what the document says. test/e2e/package.test.ts runs them
// once more against the package as it is published.

import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { documentedPrograms } from "./documented-programs.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ nodes: 3 });
  process.env["RAFTCTL_ENDPOINT"] = cluster.endpoints.join();
}, 60_000);
afterAll(() => cluster.stop());
afterEach(() => vi.restoreAllMocks());

test.each(documentedPrograms)("$document shows $file as it runs, and what it prints (S28, S113)", async ({ file, code, output }) => {
  expect(code).toBe(readFileSync(new URL(file, import.meta.url), "utf8"));
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  await import(/* @vite-ignore */ new URL(file, import.meta.url).href);
  expect(`${printed.join("\n")}\n`).toBe(output);
});
