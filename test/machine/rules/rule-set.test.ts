// All rules as one setting: what it may hold, and that what this program cannot enforce is not taken for less.

import { expect, test } from "vitest";
import { compileRule } from "../../../src/machine/rules/rule.ts";
import { RuleSet } from "../../../src/machine/rules/rule-set.ts";

test("what is encoded decodes to the same rules, by prefix, with a revision that each change raises", () => {
  const set = RuleSet.none.with(compileRule({ prefix: "b/", immutable: true })).with(compileRule({ prefix: "a/", unique: ["/x~1y"], schema: { type: "object" } }));
  const decoded = RuleSet.decode(new TextDecoder().decode(set.encode()));
  expect([decoded.revision, decoded.rules.map(({ document }) => document)]).toEqual([2, set.rules.map(({ document }) => document)]);
  expect(decoded.rules.map(({ prefix }) => new TextDecoder().decode(prefix))).toEqual(["a/", "b/"]);
  expect([decoded.without("a/").revision, decoded.without("a/").of("a/"), decoded.with(compileRule({ prefix: "b/", maxKeyBytes: 1 })).rules.length]).toEqual([3, undefined, 2]);
});

test("more than 64 rules, or than 64 KiB, are refused", () => {
  let many = RuleSet.none;
  for (let number = 0; number < 65; number += 1) many = many.with(compileRule({ prefix: `${number}`, maxKeyBytes: 1 }));
  expect(() => many.encode()).toThrow("65 rules (at most 64)");
  expect(many.without("3").encode().length).toBeLessThan(64 * 1024);
  const large = RuleSet.none.with(compileRule({ prefix: "", schema: { description: "x".repeat(65 * 1024) } }));
  expect(() => large.encode()).toThrow(/the rules together would have \d+ bytes \(at most 65536\)/);
});

test("a setting of a newer program, with a condition that this one does not know, stops this node instead of being enforced in part", () => {
  for (const text of ['{"revision":1,"rules":[{"prefix":"a","ttl":1}]}', '{"rules":[]}', "[]", "nonsense"]) {
    expect(() => RuleSet.decode(text)).toThrow("a rule that this program cannot enforce");
  }
});
