// Coverage marks: a rare branch that safety or liveness depends on says that it was taken, so that a simulator can tell whether its runs reach it.
// With no listener a mark is one comparison. A mark carries nothing and changes nothing, and no product code ever listens, so equal inputs still
// give equal outputs. This is the one place below the line with state of its own (docs/decisions/marks.md says why).

export type MarkListener = (name: string) => void;

let listener: MarkListener | undefined;

/** @param name a literal that stands at no other place: kebab-case words for what happened here. */
export function mark(name: string): void {
  if (listener !== undefined) listener(name);
}

/** For tests only. Replaces the listener before it; undefined takes it away. */
export function onMark(next: MarkListener | undefined): void {
  listener = next;
}
