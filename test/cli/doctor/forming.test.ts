// Nodes whose cluster does not exist yet: what they wait for, and what the operator has to do about it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Cause } from "../../../src/cli/doctor/cause.ts";
import { makeBundle } from "../../../src/cli/doctor/bundle.ts";
import { consult } from "../../../src/cli/doctor/consultation.ts";
import { diagnose } from "../../../src/cli/doctor/diagnosis.ts";
import type { Examined } from "../../../src/cli/doctor/examined.ts";
import { examineDirectory } from "../../../src/daemon/offline.ts";
import { FormingNodes } from "../../daemon/formation/support/forming-nodes.ts";
import { formingAt, healthy } from "./hand-made.ts";

const causeOf = (...examined: readonly Examined[]): Cause => diagnose(examined).causes.find(({ id }) => id === "forming")!;

describe("a node that is still forming its cluster", () => {
  test("says whom it waits for, and which node is to be started how (S25)", () => {
    const diagnosis = diagnose([formingAt("n1", {})]);
    expect(diagnosis).toMatchObject({ verdict: "unavailable", cause: "forming", summary: "n1 is still forming a cluster of 3: 2 of 3 nodes found; 10.0.0.3:7401: connect ECONNREFUSED", nodes: [{ name: "n1", state: "forming" }] });
    expect(diagnosis.causes).toHaveLength(1);
    expect(diagnosis.evidence).toContain("n1 finds at 10.0.0.3:7401: silent (connect ECONNREFUSED)");
    expect(diagnosis.actions).toEqual([{ text: expect.stringContaining("10.0.0.3:7401"), command: "raftctl init --expect 3 --discovery static:10.0.0.1:7401,10.0.0.2:7401,10.0.0.3:7401" }]);
  });

  test("is named together with the others, and nobody is to be started twice", () => {
    const { nodes, summary, actions } = causeOf(formingAt("n1", {}), formingAt("n2", {}), { ...formingAt("n1", undefined), place: "/var/lib/n1" });
    expect([nodes.toSorted(), summary.includes("n1 and n2 are still forming") || summary.includes("n2 and n1 are still forming"), actions.length]).toEqual([["n1", "n2"], true, 1]);
  });

  test("whose others all are there needs nothing but a moment; one that is refused is told what to change; a short list has to grow", () => {
    const there = [1, 2, 3].map((number) => ({ address: `10.0.0.${number}:7401`, state: "forming" as const, detail: `n${number}` }));
    expect(causeOf(formingAt("n1", { addresses: there })).actions).toEqual([{ text: expect.stringContaining("wait a moment"), command: "raftctl wait --for leader" }]);
    const problem = { code: "CONFLICT", message: "10.0.0.2:7401 refuses this node", hint: "give every node the same --expect" };
    expect(causeOf(formingAt("n1", { addresses: there, problem })).actions).toEqual([{ text: "mend what stops n1: give every node the same --expect", command: null }]);
    expect(causeOf(formingAt("n1", { addresses: there.slice(0, 1) })).actions).toEqual([{ text: expect.stringContaining("name 2 more of the 3 nodes in static:"), command: null }]);
  });

  test("whose daemon does not run is started from its directory", () => {
    const diagnosis = diagnose([{ ...formingAt("n1", undefined), place: "/mnt/my n1" }]);
    expect(diagnosis).toMatchObject({ cause: "forming", summary: "n1 is still forming a cluster of 3: its daemon does not run", actions: [{ command: "raftctl daemon start --data-dir '/mnt/my n1'" }] });
  });

  test("beside a cluster that works takes nothing from it", () => {
    expect(diagnose([...healthy().values(), formingAt("n9", {})])).toMatchObject({ verdict: "degraded", leader: "n1", causes: [{ id: "forming", severity: "degraded" }] });
  });
});

test("real daemons that wait for a third one, and the directory of one that is stopped, are all found forming, and nothing is called wiped (S25, N1)", async () => {
  await using forming = await FormingNodes.make(3);
  const [first, second, third] = forming.nodes;
  await Promise.all([first!.start(), second!.start()]);
  const round = { home: undefined, timeoutMs: 5_000, examineDirectory, env: {} };
  await expect.poll(async () => (await consult({ ...round, dataDirs: [], target: { socket: first!.daemon!.socket, origin: "test" } }, undefined)).diagnosis.summary, { timeout: 20_000 }).toContain("2 of 3 nodes found");
  const { diagnosis } = await consult({ ...round, dataDirs: [second!.dataDir, third!.dataDir], target: { socket: first!.daemon!.socket, origin: "test" } }, undefined);
  expect(diagnosis.causes.map(({ id, nodes }) => [id, nodes.toSorted()])).toEqual([["forming", ["n1", "n2", "n3"]]]);
  expect(diagnosis.actions[0]?.command).toBe(`raftctl daemon start --data-dir ${third!.dataDir}`);
  const beside = { ...round, dataDirs: [third!.dataDir, first!.dataDir], target: { endpoints: ["127.0.0.1:1"], origin: "test" } };
  const visit = await consult(beside, undefined);
  expect(visit).toMatchObject({ diagnosis: { cause: "forming" }, warnings: [{ code: "UNREACHABLE" }] });
  const { content } = await makeBundle(visit, beside, { version: "1.0.0", redact: false });
  expect(content.configurations).toMatchObject([{ place: first!.dataDir, config: { discovery: { interval: 15 } }, error: null }]);
  expect(await examineDirectory(third!.dataDir)).toEqual({ state: "forming", name: "n3", source: forming.source, expect: 3 });
  mkdirSync(join(forming.home, "empty"));
  expect(await examineDirectory(join(forming.home, "empty"))).toEqual({ state: "empty" });
});
