// Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): from items with which something fails, a smaller
// choice with which it still fails. With enough trials the result is 1-minimal: without any single one of its items it no longer fails. That holds
// for failures that are not monotone, too; it need not be the smallest choice of all.

/** The position of the first candidate that fails; undefined: none does. Candidates behind it need not be tried. */
export type FirstFailing<T> = (candidates: readonly (readonly T[])[]) => Promise<number | undefined>;

/** @param items with which it fails. @param firstFailing answers undefined as well when there is no budget for more trials. */
export async function ddmin<T>(items: readonly T[], firstFailing: FirstFailing<T>): Promise<readonly T[]> {
  let kept = items;
  if (kept.length > 0 && (await firstFailing([[]])) !== undefined) return [];
  let parts = Math.min(2, kept.length);
  while (kept.length >= 2) {
    const candidates = candidatesOf(kept, parts);
    const failing = await firstFailing(candidates);
    if (failing === undefined) {
      if (parts === kept.length) break;
      parts = Math.min(2 * parts, kept.length);
      continue;
    }
    kept = candidates[failing]!;
    // A part that fails alone is looked at anew; after a reduction to a complement the other parts are as fine as before.
    parts = Math.min(failing < parts ? 2 : Math.max(parts - 1, 2), kept.length);
  }
  return kept;
}

/** Each of the parts, then everything but each of the parts. Of two parts the complements are the parts. */
function candidatesOf<T>(items: readonly T[], parts: number): readonly (readonly T[])[] {
  const bounds = Array.from({ length: parts + 1 }, (_, part) => Math.floor((part * items.length) / parts));
  const subsets = Array.from({ length: parts }, (_, part) => items.slice(bounds[part], bounds[part + 1]));
  if (parts === 2) return subsets;
  return [...subsets, ...subsets.map((_, part) => [...items.slice(0, bounds[part]), ...items.slice(bounds[part + 1])])];
}

/** Everything but two, for each two: a way on from a choice that no longer fails without any single item. */
export function withoutPairs<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.flatMap((_, first) => items.slice(first + 1).map((__, offset) => items.filter((___, place) => place !== first && place !== first + 1 + offset)));
}
