// Finds every coverage mark (src/base/mark.ts) by reading the sources. A mark that this reader cannot name, because its name is no literal, or
// that could not be told from another one, because its name stands twice, is an error: a count that hides a branch is worse than none.

import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export interface MarkPlace {
  readonly name: string;
  /** Relative to the root of the repository: "src/raft/election.ts". */
  readonly path: string;
  readonly line: number;
}

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** Where marks stand. The floors below them have no branches of their own that faults would reach; those above are not simulated. */
export const markedFolders = ["src/raft", "src/storage", "src/host"] as const;

const repositoryRoot = fileURLToPath(new URL("../../..", import.meta.url));
const call = /(?<![\w#.$])mark\((?!name: string)/g;
const literal = /^mark\("([^"\\\n]*)"\)/;
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)+$/;

/** All marks of the product, by path and line. @throws when one is not a literal, not kebab-case, or stands twice. */
export function readMarks(): MarkPlace[] {
  return marksOf(readSources(markedFolders));
}

/** Every TypeScript file in these folders, by path. */
export function readSources(folders: readonly string[]): SourceText[] {
  return folders.flatMap((folder) =>
    readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => ({ path: relative(repositoryRoot, path), text: readFileSync(path, "utf8") })));
}

export function marksOf(sources: readonly SourceText[]): MarkPlace[] {
  const places = sources.flatMap(marksIn);
  const first = new Map<string, MarkPlace>();
  for (const place of places) {
    const other = first.get(place.name);
    if (other !== undefined) throw new Error(`mark ${place.name} stands at ${at(other)} and at ${at(place)}: give one of them another name`);
    first.set(place.name, place);
  }
  return places;
}

function marksIn({ path, text }: SourceText): MarkPlace[] {
  return [...text.matchAll(call)].map(({ index }) => {
    const line = text.slice(0, index).split("\n").length;
    const name = literal.exec(text.slice(index))?.[1];
    if (name === undefined) throw new Error(`${path}:${line}: the name of a mark is a literal in double quotes`);
    if (!kebabCase.test(name)) throw new Error(`${path}:${line}: mark ${JSON.stringify(name)} is not words in kebab-case`);
    return { name, path, line };
  });
}

function at({ path, line }: MarkPlace): string {
  return `${path}:${line}`;
}
