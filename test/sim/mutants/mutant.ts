// A planted bug: a small change to one source file, of a kind that people really make. The simulator or the tests must notice every one of them;
// one that nobody notices is a hole in the net. A change is found by its text, which occurs exactly once, so that the registry cannot rot unseen.

export interface Mutant {
  /** Kebab-case, unique: what the bug does. */
  readonly name: string;
  /** The hazards and requirements that it violates. */
  readonly breaks: readonly string[];
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test files that ought to notice when the simulator does not; quickest first. */
  readonly tests: readonly string[];
}

export function occurrences(text: string, find: string): number {
  return text.split(find).length - 1;
}

/** @param text of the whole file, without the bug. */
export function plant(text: string, { name, find, replace }: Pick<Mutant, "name" | "find" | "replace">): string {
  const found = occurrences(text, find);
  if (found !== 1) throw new Error(`mutant ${name}: its text occurs ${found} times instead of once`);
  const position = text.indexOf(find);
  return text.slice(0, position) + replace + text.slice(position + find.length);
}
