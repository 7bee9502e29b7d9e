import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { alarmsText, spaceFinding } from "../../src/cli/alarms.ts";
import { quotaArgument, quotaText } from "../../src/cli/quota-view.ts";

test("a quota is a size, a plain number of bytes, or none; anything else is refused with what is wanted", () => {
  expect(["512MiB", "1048576", "none"].map(quotaArgument)).toEqual([512 * 1024 ** 2, 1_048_576, null]);
  for (const text of ["", "much", "-1", "0", "0B", "1e9", "9".repeat(20)]) expect(() => quotaArgument(text), text).toThrow(RaftctlError);
});

test("the text says how much is used and what to do about it", () => {
  expect(quotaText({ quotaBytes: null, usedBytes: 2048, state: "ok" })).toBe("2KiB used, no quota");
  expect(quotaText({ quotaBytes: 1000, usedBytes: 850, state: "warning" })).toContain("(85%): from 100% on writes that add data are refused");
  expect(quotaText({ quotaBytes: 1000, usedBytes: 990, state: "full" })).toContain("raftctl del makes room, raftctl quota set raises it");
});

test("space that is out is a finding with its way out; another alarm is not, and hostile names cannot reach the terminal", () => {
  const alarm = (name: string, node = "n1") => ({ node, region: "global", alarm: name, meaning: "m", action: "a" });
  expect(spaceFinding({ alarms: [alarm("QUOTA_WARNING"), alarm("CORRUPT")], unanswered: [] })).toBeUndefined();
  expect(spaceFinding({ alarms: [alarm("CORRUPT"), alarm("QUOTA", "n2")], unanswered: [] })).toMatchObject({ code: "NO_SPACE", message: "QUOTA on n2: m", hint: "a" });
  expect(alarmsText({ alarms: [], unanswered: [{ node: "n3", message: "no answer" }] })).toBe("no alarms\nn3 could not be asked: no answer");
  expect(alarmsText({ alarms: [alarm("QUOTA", "n\u001b[2J")], unanswered: [] })).not.toContain("\u001b[2J");
});
