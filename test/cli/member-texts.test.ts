// What operators read of a change before it is made: who decides, how many may fail, and whose failure alone would stop writes.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { catchUpText, configurationText, stepsText } from "../../src/cli/configuration-view.ts";
import { memberUpdate } from "../../src/cli/member-changing.ts";
import { planDocument, planFinding, planText, plannedChanges } from "../../src/cli/member-planning.ts";
import type { ConfigurationReport } from "../../src/wire/admin-protocol.ts";

const three: ConfigurationReport = { voters: ["n1", "n2", "n3"], votersOutgoing: [], learners: [], quorum: [2], tolerance: 1, critical: [] };
const none = { add: undefined, promote: undefined, demote: undefined, remove: undefined, script: undefined };

function script(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "raftctl-script-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "changes.yaml");
  writeFileSync(file, text);
  return file;
}

test("a configuration in one line: votes, learners, tolerance", () => {
  expect(configurationText(three)).toBe("2 of 3 voters (n1, n2, n3) decide; 1 may fail");
  expect(configurationText({ ...three, votersOutgoing: ["n2", "n3", "n4"], quorum: [2, 2], learners: ["n5"] })).toBe("2 of 3 voters (n1, n2, n3) and 2 of 3 (n2, n3, n4) decide; learning: n5; 1 may fail");
  expect(configurationText({ ...three, voters: ["n1"], quorum: [1], tolerance: 0, critical: ["n1"] })).toBe("1 of 1 voter (n1) decides; none may fail: n1 alone stops writes");
  expect(configurationText({ ...three, tolerance: 0, critical: ["n1", "n3"] })).toContain("none may fail: n1, n3 each alone stop writes");
  expect(configurationText({ ...three, tolerance: -1 })).toContain("no quorum");
  expect(stepsText({ before: three, steps: [{ what: "n4 enters as a learner", configuration: three }] }).split("\n")).toEqual([
    "  before", "      2 of 3 voters (n1, n2, n3) decide; 1 may fail", "  n4 enters as a learner", "      2 of 3 voters (n1, n2, n3) decide; 1 may fail",
  ]);
});

test("a plan lists the tolerance at every step, and the first change that would be refused makes it exit 9", () => {
  const step = { what: "x", configuration: { ...three, tolerance: 0, critical: ["n2"] } };
  const document = planDocument({ before: three, changes: [{ steps: [step], refusal: null }, { steps: [], refusal: "too few" }], after: three });
  expect([document.tolerance, document.critical]).toEqual([[1, 0], [[], ["n2"]]]);
  expect(planFinding(document)).toMatchObject({ code: "UNSAFE", message: "change 2 would be refused: too few" });
  expect(planText(document)).toContain("change 2\n  refused: too few");
  expect(planFinding({ ...document, changes: [document.changes[0]!] })).toBeUndefined();
});

test("a script is a list of changes in JSON or YAML; what is none is refused with the file and what is wanted", async () => {
  const change = { add: ["n4"], promote: [], demote: [], remove: ["n1"] };
  for (const text of ["- add: [n4]\n  remove: [n1]\n", '[{"add":["n4"],"remove":["n1"]}]']) expect(await plannedChanges({ ...none, script: script(text) })).toEqual([change]);
  expect(await plannedChanges({ ...none, add: ["n4"], remove: ["n1"] })).toEqual([change]);
  for (const text of ["[]", "- adds: [n4]", "- add: n4", "{", "7"]) await expect(plannedChanges({ ...none, script: script(text) })).rejects.toMatchObject({ code: "USAGE" });
  await expect(plannedChanges({ ...none, script: "/nowhere/changes.yaml" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(plannedChanges(none)).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("nothing to plan") as string });
});

test("an update says what changes, and nothing or a bad address is refused", () => {
  const flags = { name: undefined, "advertise-peer": undefined, "advertise-client": undefined, "master-eligible": undefined };
  expect(memberUpdate("n2", { ...flags, "advertise-peer": "h:1", "master-eligible": false })).toEqual({ node: "n2", name: null, peerAddress: "h:1", clientAddress: null, masterEligible: false });
  expect(() => memberUpdate("n2", flags)).toThrow("nothing to update");
  expect(() => memberUpdate("n2", { ...flags, "advertise-client": "h" })).toThrow('"h" is not an address');
});

test("catching up is said in a rate and a time, or as never (PRODUCT row 15)", () => {
  expect(catchUpText({ entriesPerSecond: 420, etaMs: 12_000 })).toBe("420 entries/s, 12s left");
  expect(catchUpText({ entriesPerSecond: 3, etaMs: null })).toBe("3 entries/s, never at this rate: more is written meanwhile");
});
