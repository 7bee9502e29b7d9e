import { expect, test } from "vitest";
import { errorCodes, RaftctlError } from "../../src/base/errors.ts";

test("every code says whether nothing was done or nobody knows, and what is unknown is never called safe to repeat", () => {
  const errors = errorCodes.map((code) => new RaftctlError(code, ""));
  expect(errors.filter(({ outcome }) => outcome === "unknown").map(({ code }) => code)).toEqual(["INTERNAL", "IO_ERROR", "UNKNOWN_OUTCOME"]);
  expect(errors.filter(({ outcome, retryable }) => outcome === "unknown" && retryable)).toEqual([]);
});
