// Branches of several writes that are executed together or not at all: they are judged by what they leave behind.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import { judge } from "../../../src/machine/rules/judgement.ts";
import type { LeafWrite } from "../../../src/machine/rules/leaf-writes.ts";
import { PendingWrites } from "../../../src/machine/rules/pending-writes.ts";
import { compileRule } from "../../../src/machine/rules/rule.ts";
import { RuleSet } from "../../../src/machine/rules/rule-set.ts";
import { UniqueIndex } from "../../../src/machine/rules/unique-index.ts";

const put = (key: string, v: number): LeafWrite => ({ kind: "put", key: utf8(key), value: utf8(JSON.stringify({ v })), createsOnly: false });
const del = (key: string): LeafWrite => ({ kind: "delete", key: utf8(key) });
const clear = (start: string, end: string): LeafWrite => ({ kind: "deleteRange", start: utf8(start), end: utf8(end) });

/** u/a has 1; i/a exists. */
function outcome(...branches: LeafWrite[][]): string {
  const unique = compileRule({ prefix: "u/", unique: ["/v"] });
  const index = new UniqueIndex(unique, unique.unique[0]!);
  index.set("u/a", "1");
  index.isComplete = true;
  const rules = RuleSet.none.with(unique).with(compileRule({ prefix: "i/", immutable: true }));
  const judgement = judge(branches, { rules, pending: new PendingWrites(), indexOf: () => index, exists: (key) => new TextDecoder().decode(key) === "i/a" });
  if (judgement === undefined) return "in";
  return judgement instanceof RaftctlError ? String(judgement.details?.["heldBy"] ?? judgement.details?.["rule"]) : "undecided";
}

test("a value may move from one key to another, and may not be there twice in the end", () => {
  expect(outcome([put("u/b", 1)])).toBe("u/a");
  expect([outcome([del("u/a"), put("u/b", 1)]), outcome([put("u/b", 1), del("u/a")]), outcome([put("u/a", 2), put("u/b", 1)]), outcome([clear("u/", "u/b"), put("u/b", 1)])]).toEqual(["in", "in", "in", "in"]);
  expect([outcome([put("u/b", 2), put("u/c", 2)]), outcome([del("u/a"), put("u/b", 1), put("u/a", 1)])]).toEqual(["u/c", "u/a"]);
  expect([outcome([put("u/b", 2), put("u/c", 2), put("u/b", 3)]), outcome([put("u/b", 1), put("u/b", 2)]), outcome([put("u/b", 1), clear("u/b", "u/c")])]).toEqual(["in", "in", "in"]);
});

test("each branch is judged by itself, and all of them must hold", () => {
  expect([outcome([put("u/b", 2)], [put("u/c", 2)]), outcome([put("u/b", 2)], [put("u/c", 1)]), outcome([])]).toEqual(["in", "u/a", "in"]);
});

test("a key that cannot be changed can be made again by a branch that deletes it first, and not be made twice", () => {
  expect([outcome([put("i/a", 1)]), outcome([del("i/a"), put("i/a", 1)]), outcome([clear("i/", "j"), put("i/a", 1)])]).toEqual(["immutable", "in", "in"]);
  expect([outcome([put("i/b", 1)]), outcome([put("i/b", 1), put("i/b", 2)])]).toEqual(["in", "immutable"]);
});
