// Every requirement and hazard that this milestone promises is named by a test that proves it: in a test's title, or in a comment of a test file.
// This test finds ids, it cannot judge the proof. `grep -rnw S41 test` answers "where is this proven?".

import { expect, test } from "vitest";
import { repositoryFiles } from "./tidy/repository-files.ts";

const promised = [
  "S1-S14 S16-S25 S27-S43 S46-S55 S59 S69-S73 S80-S84 S91 S92 S96 S103-S111 S113-S119 S122-S124 S126-S129",
  "U2 U7 U8 K1-K5 H1-H31 H33-H47 H49 H50 T1-T9 T12 T18-T20 T24 T25",
].flatMap((line) => line.split(" ")).flatMap(expand);

/** "S5-S7" is S5, S6, S7. */
function expand(range: string): string[] {
  const [first, last = first] = range.split("-");
  const letter = first!.slice(0, 1);
  const [from, to] = [Number(first!.slice(1)), Number(last!.slice(1))];
  return Array.from({ length: to - from + 1 }, (_, offset) => `${letter}${from + offset}`);
}

/** Ids in test titles and comments; plain code does not count. */
function namedIn(text: string): string[] {
  const spoken = [...text.matchAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|(["'`])(?:\\.|(?!\1)[^\\])*\1/g)].map((match) => match[0]).join("\n");
  return [...spoken.matchAll(/\b([SUKHT]\d{1,3})(?:-([SUKHT]\d{1,3}))?\b/g)]
    .flatMap((match) => expand(match[2] === undefined ? match[1]! : `${match[1]!}-${match[2]}`));
}

test("every promised requirement is named by a test", () => {
  const proofs = repositoryFiles().filter((file) => /^test\/.+\.test\.ts$/.test(file.path) && file.path !== "test/requirements.test.ts");
  const named = new Set(proofs.flatMap((file) => namedIn(file.text)));
  expect(promised.filter((id) => !named.has(id))).toEqual([]);
});

test("ids are found in titles, comments and ranges, and not in code", () => {
  expect(namedIn('test("a vote is durable (H1, S73)") // S1-S3\nconst S99 = 1;').toSorted()).toEqual(["H1", "S1", "S2", "S3", "S73"]);
  expect(promised).toContain("S4");
  expect(promised).not.toContain("S66");
});
