import { expect, test } from "vitest";
import { judge } from "./verdict.ts";

test("a property or a test that fails kills, with the seeds that it took", () => {
  expect(judge("Election Safety", "n1 and n2 lead term 4", 3)).toEqual({ kind: "killed", by: "Election Safety", seeds: 3 });
});

test("an assertion of the product kills, and is named by its sentence", () => {
  expect(judge("No Unexplained Failure", "AssertionFailure: not true: the term never decreases\n    at assert (src/base/assert.ts:10:9)", 1)).toEqual({
    kind: "killed", by: "assertion: the term never decreases", seeds: 1,
  });
});

test("a program that breaks down because the change makes no sense proves nothing", () => {
  for (const message of ["TypeError: x is not a function\n    at run (/tmp/a/src/raft/log.ts:1:1)", "SyntaxError: Expression expected", "Error [ERR_MODULE_NOT_FOUND]: gone"]) {
    expect(judge("a test", message)).toMatchObject({ kind: "survived", note: expect.stringMatching(/^breaks down in a test: /) });
  }
});

test("a test that trips over what it did not expect has noticed", () => {
  expect(judge("a test", "TypeError: undefined\n    at /tmp/a/test/host/order.test.ts:9:3\n    at run (/tmp/a/src/raft/log.ts:1:1)")).toMatchObject({ kind: "killed" });
});

test("so does a type error that is told without its kind", () => {
  expect(judge("No Unexplained Failure", "Cannot read properties of undefined (reading 'index')", 1)).toMatchObject({ kind: "survived" });
});
