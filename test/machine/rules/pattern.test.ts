// Patterns agree with the language's own regular expressions wherever those can be trusted, and no text makes them slow (T26).

import fc from "fast-check";
import { expect, test } from "vitest";
import { Pattern } from "../../../src/machine/rules/pattern.ts";

const unlimited = (): { left: number } => ({ left: Number.POSITIVE_INFINITY });

const atom = fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "[^\\d-]", "\\d", "\\w", "\\s", "\\.", "é", "^", "$", "\\u0061", "[\\-a]");
const repeated = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,2}", "{0,}")).map(([part, times]) => (part === "^" || part === "$" ? part : part + times));
const pattern: fc.Arbitrary<string> = fc.letrec<{ pattern: string; term: string }>((tie) => ({
  term: fc.oneof({ weight: 3, arbitrary: repeated }, { weight: 1, arbitrary: fc.tuple(tie("pattern"), fc.constantFrom("", "*", "?", "{2,3}")).map(([inside, times]) => `(${inside})${times}`) }),
  pattern: fc.array(fc.array(tie("term"), { maxLength: 3 }).map((terms) => terms.join("")), { minLength: 1, maxLength: 2 }).map((parts) => parts.join("|")),
})).pattern;

test("matches what the same expression of the language matches", () => {
  fc.assert(fc.property(pattern, fc.array(fc.constantFrom("a", "b", "c", "é", "1", ".", " ", "\n", "-", "😀"), { maxLength: 8 }).map((parts) => parts.join("")), (source, text) => {
    expect(new Pattern(source).matches(text, unlimited())).toBe(new RegExp(source, "u").test(text));
  }), { numRuns: 3_000 });
});

test("the work for a text is bounded, also where a matcher that goes back would need for ever", () => {
  const budget = { left: 1_000_000 };
  expect(new Pattern("^(a+)+$").matches(`${"a".repeat(10_000)}b`, budget)).toBe(false);
  expect(budget.left).toBeGreaterThan(900_000);
  expect(new Pattern("^((a?){50}){10}b$").matches("a".repeat(5_000), { left: 100_000 })).toBeUndefined();
});

test.each([
  ["(?=a)", "(?=: only"], ["(?<n>a)", "(?<"], ["(a)\\1", "\\1"], ["a*?", "lazy"], ["\\bword", "\\b"], ["\\p{L}", "\\p"], ["a**", "repetition"], ["^*", "repeated anchor"],
  ["(a", "no )"], ["a)", "an unmatched )"], ["[a", "an end"], ["[z-a]", "a range"], ["[\\d-z]", "a range"], ["a{3,2}", "wrong way"], ["a{,2}", "no number"], ["a{1001}", "no number"], ["\\", "an end"], ["*", "nothing before"], ["[^\\D]", "inside of"], ["\\u12", "an end"], ["a{2", "no }"],
])("%s is refused, and what is wrong is said", (source, reason) => {
  expect(() => new Pattern(source)).toThrow(reason);
});

test("a pattern that is long, deep or large when its repetitions are written out is refused", () => {
  expect(() => new Pattern("a".repeat(513))).toThrow("513 characters (at most 512)");
  expect(() => new Pattern("(".repeat(40) + ")".repeat(40))).toThrow("more than 32 groups");
  expect(() => new Pattern("((a{100}){100}){100}")).toThrow("more than 2000 steps");
});
