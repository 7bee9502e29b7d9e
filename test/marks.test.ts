// Coverage marks: each names one branch, stands where the simulator can reach it, and is heard by nobody in the product.

import { expect, test } from "vitest";
import { markedFolders, marksOf, readMarks, readSources } from "./sim/marks/registry.ts";

const sources = readSources(["src"]);
const importers = sources.filter(({ text }) => /\bfrom "[^"]*\/mark\.ts"/.test(text)).map(({ path }) => path);

test("every mark has a literal name in kebab-case that stands at one place", () => {
  expect(readMarks().length).toBeGreaterThan(100);
});

test("marks stand in raft, storage and host only", () => {
  expect(importers.filter((path) => !markedFolders.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
  expect(marksOf(sources)).toEqual(expect.arrayContaining(readMarks()));
  expect(marksOf(sources)).toHaveLength(readMarks().length);
});

test("a file that imports the mark sets one, under its own name", () => {
  const marked = new Set(readMarks().map(({ path }) => path));
  expect(importers.filter((path) => !marked.has(path))).toEqual([]);
  expect([...marked].filter((path) => !importers.includes(path))).toEqual([]);
  const renamed = sources.filter(({ text }) => /\{[^}]*\bmark as\b[^}]*\} from "[^"]*\/mark\.ts"/.test(text)).map(({ path }) => path);
  expect(renamed).toEqual([]);
});

test("nothing in the product listens: a mark changes nothing", () => {
  expect(sources.filter(({ text }) => /\bonMark\b/.test(text)).map(({ path }) => path)).toEqual(["src/base/mark.ts"]);
});
