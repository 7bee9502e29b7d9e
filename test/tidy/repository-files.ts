// The text files that belong to the repository, as they lie on the disk: everything that git tracks or would track. Works in a clone and in an
// unpacked archive without git.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TextFile } from "./tidy-rules.ts";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

const generated = new Set(["node_modules", ".git", "dist", "bundle", "coverage", "oclif.manifest.json", "package-lock.json"]);
const textual = /(?:\.(?:ts|js|json|md|sh|yaml|yml|txt|snap)|\/\.ci\/\w+|\.npmrc|\.gitignore)$/;

export function repositoryFiles(): TextFile[] {
  return walk(repositoryRoot).map((path) => ({ path: relative(repositoryRoot, path), text: readFileSync(path, "utf8") }));
}

function walk(directory: string): string[] {
  return readdirSync(directory).filter((entry) => !generated.has(entry)).toSorted().flatMap((entry) => {
    const path = join(directory, entry);
    if (statSync(path).isDirectory()) return walk(path);
    return textual.test(path) ? [path] : [];
  });
}
