import { expect, test } from "vitest";
import { consequences, finalizeDocument, finalizedText, silenceWarnings, upgradeFinding, upgradeText } from "../../src/cli/upgrade-view.ts";
import type { UpgradeMember, UpgradeReport } from "../../src/wire/admin-protocol.ts";

const member = (more: Partial<UpgradeMember> = {}): UpgradeMember => ({ id: "1", name: "n1", address: "h:1", version: "1.2.3", levels: { min: 1, max: 2 }, error: null, ...more });
const report = (more: Partial<UpgradeReport> = {}): UpgradeReport => ({ finalized: 1, target: 2, allows: ["append"], obstacles: [], members: [member()], ...more });
const silent = { code: "CONFLICT", message: "no answer from n2", hint: "start it" } as const;
const apart = { code: "INCOMPATIBLE", message: "n1 knows 1 to 2, n2 knows 1", hint: "upgrade n2 first" } as const;

test("the table has what each member runs and knows, and for one that is silent why", () => {
  const lines = upgradeText(report({ members: [member(), member({ name: "n2", levels: { min: 2, max: 2 } }), member({ name: "n3", version: null, levels: null, error: { code: "UNREACHABLE", message: "nobody there" } })] })).split("\n");
  expect(lines.slice(0, 5).map((line) => line.split(/ {2,}/))).toEqual([
    ["cluster version 1"], ["NAME", "PROGRAM", "KNOWS", "PEER ADDRESS"], ["n1", "1.2.3", "1 to 2", "h:1"], ["n2", "1.2.3", "2", "h:1"], ["n3", "-", "-", "h:1", "nobody there"],
  ]);
});

test("the outlook says what is in the way before it says what is possible", () => {
  expect(upgradeText(report({ obstacles: [silent] }))).toContain("nothing can be finalized now: no answer from n2");
  expect(upgradeText(report({ target: 1 }))).toContain("nothing to finalize: no member knows a newer version");
  expect(upgradeText(report())).toContain("raftctl upgrade finalize is possible: the cluster goes from version 1 to 2, and never back. It allows append. Programs that know no version above 1 can then neither run in it nor open its data directories");
  expect(consequences(report({ allows: [] }))).not.toContain("allows");
});

test("only members that stand apart are a finding; one that is silent is a warning", () => {
  expect([upgradeFinding(report()), upgradeFinding(report({ obstacles: [silent] }))]).toEqual([undefined, undefined]);
  expect(upgradeFinding(report({ obstacles: [silent, apart] }))).toMatchObject({ code: "INCOMPATIBLE", exit: 15, message: apart.message, hint: apart.hint });
  expect(silenceWarnings(report({ obstacles: [silent, apart] }))).toEqual([{ code: "MEMBER_SILENT", message: silent.message }]);
});

test("finalizing answers with the index, or with why nothing was changed; an index is a string in the document", () => {
  expect(finalizedText({ ...report({ finalized: 2 }), applied: true, index: 7 })).toBe("OK 7: cluster version 2");
  expect(finalizedText({ ...report({ target: 1 }), applied: false, index: null })).toBe("nothing was changed: cluster version 1 is the newest that the members know");
  expect(finalizedText({ ...report(), applied: false, index: null })).toContain("nothing was changed: the cluster goes from version 1 to 2");
  expect(finalizeDocument({ ...report(), applied: true, index: 7 }).index).toBe("7");
  expect(finalizeDocument({ ...report(), applied: false, index: null }).index).toBeNull();
});

test("what members say of themselves cannot reach the terminal as control characters", () => {
  const hostile = "\u001b[2J";
  const text = upgradeText(report({ members: [member({ name: hostile, version: hostile, address: hostile, error: { code: "X", message: hostile } })], obstacles: [{ ...silent, message: hostile }] }));
  expect([text.includes(hostile), consequences(report({ allows: [hostile] })).includes(hostile)]).toEqual([false, false]);
});
