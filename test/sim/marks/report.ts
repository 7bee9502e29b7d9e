// What the seeds of a run came to, mark by mark: how often each was hit, and by how many seeds, the rarest first. A mark that no seed of a long run
// hits is a failure of the simulator: it never saw what that branch is for.

import type { MarkPlace } from "./registry.ts";

export interface MarkCount {
  /** Over all seeds. */
  readonly total: number;
  /** Seeds that hit it at least once. */
  readonly seeds: number;
}

export type MarkCounts = ReadonlyMap<string, MarkCount>;

export interface MarkRow {
  readonly place: MarkPlace;
  readonly hits: number;
  readonly seeds: number;
}

/**
 * One row for each mark of the sources, rarest first: by seeds, then by hits, then by name.
 * @throws when a mark was hit that stands nowhere: counts and sources are not of the same build.
 */
export function markRows(places: readonly MarkPlace[], counts: MarkCounts): MarkRow[] {
  const known = new Set(places.map(({ name }) => name));
  for (const name of counts.keys()) if (!known.has(name)) throw new Error(`mark ${name} was hit and stands nowhere in the sources`);
  return places
    .map((place) => ({ place, hits: counts.get(place.name)?.total ?? 0, seeds: counts.get(place.name)?.seeds ?? 0 }))
    .toSorted((left, right) => left.seeds - right.seeds || left.hits - right.hits || (left.place.name < right.place.name ? -1 : 1));
}

export function neverHit(places: readonly MarkPlace[], counts: MarkCounts): MarkPlace[] {
  return markRows(places, counts).filter((row) => row.hits === 0).map((row) => row.place);
}

/** Lines for people: a head, a row for each mark, and how many were never hit. */
export function markTable(places: readonly MarkPlace[], counts: MarkCounts, seeds: number): string[] {
  const rows = markRows(places, counts);
  const name = Math.max(4, ...rows.map((row) => row.place.name.length));
  const file = Math.max(4, ...rows.map((row) => row.place.path.length));
  const line = (cells: readonly [string, string, string, string]): string =>
    `${cells[0].padEnd(name)}  ${cells[1].padEnd(file)}  ${cells[2].padStart(10)}  ${cells[3].padStart(7)}`;
  const body = rows.map((row) => line([row.place.name, row.place.path, String(row.hits), String(row.seeds)]));
  const never = rows.filter((row) => row.hits === 0).length;
  return [line(["mark", "file", "hits", "seeds"]), ...body, `${never} of ${rows.length} marks were never hit in ${seeds} seeds`];
}
