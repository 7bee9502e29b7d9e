// The import graph of a source tree, read from its text: every static import and export-from, side-effect imports and dynamic imports, each
// marked as needed at run time or for types only. It knows nothing of floors. It refuses to be silently blind: a file in which it understands
// fewer module names than a rougher count finds is an error, because a graph with holes proves nothing.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export interface Import {
  /** As written: "../base/ids.ts", "node:fs", "msgpackr". */
  readonly specifier: string;
  /** The path inside the tree ("base/ids.ts") of a relative import; undefined for packages and node:*. */
  readonly target: string | undefined;
  /** `import("…")`: loaded when it is come to, not when the file is. */
  readonly isDynamic: boolean;
  /** Gone at run time. `import { type A }` is not: its file is still loaded. */
  readonly typeOnly: boolean;
}

export interface Module {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const clause = String.raw`(?:[\w$*{},\s]|\btype\b)*?`;
const staticFrom = new RegExp(String.raw`^[ \t]*(?:import|export)\b(${clause})\bfrom\s*(["'])([^"'\n]+)\2`, "gm");
const sideEffect = /^[ \t]*import\s*(["'])([^"'\n]+)\1/gm;
const dynamic = /(\btypeof\s+)?\bimport\(\s*(["'])([^"'\n]+)\2[^)]*\)(\.[A-Z])?/g;
const rough = /^\s*import\s*["']|(?:^|[\s}*])from\s*["'][^"'\n]+["']\s*(?:with\b.*)?;|\bimport\(\s*["']/gm;

export function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

export function readGraph(root: string): Module[] {
  return sourceFiles(root).map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const imports = importsOf(text, path).map(({ specifier, typeOnly, isDynamic }) => ({
      specifier,
      typeOnly,
      isDynamic,
      target: specifier.startsWith(".") ? relative(root, resolve(root, dirname(path), specifier)) : undefined,
    }));
    return { path, text, imports };
  });
}

export function importsOf(text: string, path: string): { specifier: string; typeOnly: boolean; isDynamic: boolean }[] {
  const code = withoutComments(text);
  const found = [
    ...[...code.matchAll(staticFrom)].map((match) => ({ specifier: match[3]!, typeOnly: /^\s+type\s+[\w${*]/.test(match[1]!), isDynamic: false })),
    ...[...code.matchAll(sideEffect)].map((match) => ({ specifier: match[2]!, typeOnly: false, isDynamic: false })),
    ...[...code.matchAll(dynamic)].map((match) => ({
      specifier: match[3]!,
      typeOnly: match[1] !== undefined || match[4] !== undefined,
      isDynamic: true,
    })),
  ];
  const expected = [...code.matchAll(rough)].length;
  if (found.length < expected) {
    throw new Error(`${path}: ${expected} imports by a rough count, ${found.length} understood: teach test/tidy/import-graph.ts to read this file`);
  }
  return found;
}

/** Comments become blanks; strings, template literals and regular expressions that hold // or a slash and a star stay as they are. */
export function withoutComments(text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replaceAll(token, (part) => (part.startsWith("//") || part.startsWith("/*") ? part.replaceAll(/[^\n]/g, " ") : part));
}

/** Every cycle of files, type imports included, as the strongly connected components with more than one file, or a file that imports itself. */
export function cycles(modules: readonly Module[]): string[][] {
  const edges = new Map(modules.map((module) => [module.path, module.imports.flatMap((item) => item.target ?? [])]));
  const reach = new Map([...edges.keys()].map((path) => [path, reachable(path, edges)]));
  const seen = new Set<string>();
  const found: string[][] = [];
  for (const [path, targets] of reach) {
    if (seen.has(path) || !targets.has(path)) continue;
    const component = [...targets].filter((other) => reach.get(other)?.has(path) === true).toSorted();
    for (const member of component) seen.add(member);
    found.push(component);
  }
  return found;
}

function reachable(start: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...(edges.get(start) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(edges.get(next) ?? []));
  }
  return reached;
}
