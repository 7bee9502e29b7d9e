import { expect, test } from "vitest";
import { markRows, markTable, neverHit } from "./report.ts";

const place = (name: string) => ({ name, path: `src/raft/${name}.ts`, line: 1 });
const places = [place("rare-one"), place("often-hit"), place("never-hit"), place("once-hit")];
const counts = new Map([["often-hit", { total: 13, seeds: 3 }], ["rare-one", { total: 90, seeds: 1 }], ["once-hit", { total: 1, seeds: 1 }]]);

test("every mark of the sources has a row, also one that was never hit", () => {
  expect(markRows(places, counts).find((row) => row.place.name === "never-hit")).toEqual({ place: place("never-hit"), hits: 0, seeds: 0 });
  expect(markRows(places, new Map())).toHaveLength(4);
});

test("a mark is rare when few seeds hit it, however often one of them does", () => {
  expect(markRows(places, counts).map((row) => row.place.name)).toEqual(["never-hit", "once-hit", "rare-one", "often-hit"]);
});

test("names those that no seed has hit, all of them before the first seed", () => {
  expect(neverHit(places, counts).map(({ name }) => name)).toEqual(["never-hit"]);
  expect(neverHit(places, new Map())).toHaveLength(4);
});

test("refuses counts of a mark that stands nowhere", () => {
  const foreign = new Map([["of-another-build", { total: 1, seeds: 1 }]]);
  expect(() => markRows(places, foreign)).toThrow("mark of-another-build was hit and stands nowhere in the sources");
});

test("shows a table, rarest first, and how many were never hit", () => {
  expect(markTable(places, counts, 3)).toEqual([
    "mark       file                         hits    seeds",
    "never-hit  src/raft/never-hit.ts           0        0",
    "once-hit   src/raft/once-hit.ts            1        1",
    "rare-one   src/raft/rare-one.ts           90        1",
    "often-hit  src/raft/often-hit.ts          13        3",
    "1 of 4 marks were never hit in 3 seeds",
  ]);
});
