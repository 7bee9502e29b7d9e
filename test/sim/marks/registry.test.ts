import { expect, test } from "vitest";
import { markedFolders, marksOf, readMarks, readSources } from "./registry.ts";

const of = (...lines: string[]) => marksOf([{ path: "src/raft/sample.ts", text: lines.join("\n") }]);

test("finds the marks of the product in each of its folders, with path and line", () => {
  const places = readMarks();
  for (const folder of markedFolders) expect(places.filter((place) => place.path.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(20);
  const sources = new Map(readSources(markedFolders).map(({ path, text }) => [path, text.split("\n")]));
  const astray = places.filter(({ name, path, line }) => sources.get(path)?.[line - 1]?.includes(`mark("${name}")`) !== true);
  expect(astray).toEqual([]);
});

test("finds as many marks as a plain count of the text does, so that none is overlooked", () => {
  const counted = readSources(markedFolders).reduce((sum, { text }) => sum + text.split(" mark(\"").length - 1, 0);
  expect(readMarks()).toHaveLength(counted);
});

test("reads every place of a line and of a file", () => {
  const places = of('if (a) mark("one-branch");', "", '  else { mark("another-branch"); mark("third-branch"); }');
  expect(places.map(({ name, line }) => `${name}:${line}`)).toEqual(["one-branch:1", "another-branch:3", "third-branch:3"]);
});

test("leaves alone what only ends like a mark, and the declaration itself", () => {
  expect(of("this.#mark(record)", "region.mark(1)", "benchmark(run)", "export function mark(name: string): void {")).toEqual([]);
});

test("refuses a name that stands twice, and says where", () => {
  const text = 'mark("same-name");';
  expect(() => marksOf([{ path: "src/raft/a.ts", text }, { path: "src/host/b.ts", text: `\n${text}` }]))
    .toThrow("mark same-name stands at src/raft/a.ts:1 and at src/host/b.ts:2");
});

test("refuses a name that is no literal, or not words in kebab-case", () => {
  for (const argument of ["name", "`x-${y}`", "'single-quotes'", '"x-" + y']) {
    expect(() => of(`mark(${argument});`), argument).toThrow("src/raft/sample.ts:1: the name of a mark is a literal");
  }
  for (const odd of ["word", "Upper-Case", "with space", "under_score", ""]) {
    expect(() => of(`mark("${odd}");`), odd).toThrow("is not words in kebab-case");
  }
});
