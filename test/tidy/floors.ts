// The floors of the house as a table, and what breaks them. `values` may be imported, `types` only with `import type`. A folder that is not in the
// table is an error, so that a new folder is placed before it is filled.

import type { Module } from "./import-graph.ts";

interface Floor {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const onTop: Floor = { values: ["cli", "client", "config", "base"], types: ["wire"] };

export const floors: Readonly<Record<string, Floor>> = {
  base: { values: [], types: [] },
  raft: { values: ["base"], types: [] },
  wire: { values: ["base"], types: ["raft"] },
  storage: { values: ["base"], types: ["raft"] },
  machine: { values: ["wire", "base"], types: [] },
  host: { values: ["raft", "storage", "machine", "base"], types: ["wire"] },
  platform: { values: ["wire", "base"], types: ["storage", "machine", "host", "raft"] },
  config: { values: ["base"], types: [] },
  http: { values: ["cli", "client", "platform", "config", "wire", "base"], types: [] },
  daemon: { values: ["http", "host", "machine", "storage", "raft", "platform", "config", "wire", "base"], types: [] },
  client: { values: ["platform", "wire", "base"], types: [] },
  cli: { values: ["client", "config", "base"], types: ["wire"] },
  embedding: { values: ["host", "raft", "platform", "wire", "base"], types: [] },
  conformance: { values: ["host", "raft", "wire", "base"], types: [] },
  commands: onTop,
  hooks: onTop,
};

/** Single files that others may reach although their floor may not: the daemon's two doors. */
const doors: Readonly<Record<string, readonly string[]>> = { commands: ["daemon/main.ts", "daemon/offline.ts"] };

/** What the package shows to others. */
const indexMayImport = ["client", "embedding", "raft", "wire", "base", "host", "storage", "machine"];

export const belowTheLine = ["base", "raft", "wire", "storage", "machine", "host"];

/** Where a package may be imported at run time; whatever is not named here is refused everywhere. */
const packageHomes: readonly { readonly name: RegExp; readonly home: RegExp }[] = [
  { name: /^msgpackr$/, home: /^wire\/codec\.ts$/ },
  { name: /^(cosmiconfig|chokidar)$/, home: /^config\// },
  { name: /^valibot$/, home: /^(config|daemon|cli)\// },
  { name: /^lmdb$/, home: /^platform\// },
  { name: /^(pino|prom-client)$/, home: /^daemon\// },
  { name: /^@oclif\//, home: /^(cli|commands|hooks|conformance)\// },
  { name: /^node:(net|tls|http|https|http2)$/, home: /^platform\// },
  { name: /^node:/, home: /^(platform|config|daemon|client|cli|http|commands|hooks|conformance)\// },
];

export function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** One line for each import that goes where it must not. */
export function floorViolations(modules: readonly Module[]): string[] {
  const paths = new Set(modules.map((module) => module.path));
  return modules.flatMap((module) =>
    module.imports.flatMap((item) => {
      const reason = item.target === undefined ? packageReason(module.path, item.specifier, item.typeOnly)
        : paths.has(item.target) ? floorReason(module.path, item.target, item.typeOnly) : "no such file in src";
      return reason === undefined ? [] : [`${module.path} -> ${item.specifier}: ${reason}`];
    }));
}

function floorReason(from: string, to: string, typeOnly: boolean): string | undefined {
  const [source, target] = [folderOf(from), folderOf(to)];
  if (to === "index.ts") return "the door of the package is for others";
  if (source === "") return indexMayImport.includes(target) ? undefined : `src/index.ts shows ${indexMayImport.join(", ")} only`;
  if (source === target) return undefined;
  const floor = floors[source];
  if (floor === undefined) return `src/${source} has no floor in test/tidy/floors.ts`;
  if (floor.values.includes(target) || (doors[source]?.includes(to) ?? false)) return undefined;
  if (!floor.types.includes(target)) return `src/${source} may not import src/${target}`;
  return typeOnly ? undefined : `src/${source} takes types of src/${target} only`;
}

function packageReason(from: string, name: string, typeOnly: boolean): string | undefined {
  const pure = belowTheLine.includes(folderOf(from));
  if (typeOnly && !pure) return undefined;
  const rule = packageHomes.find((candidate) => candidate.name.test(name));
  if (rule === undefined) return "this package has no home in test/tidy/floors.ts";
  return rule.home.test(from) ? undefined : pure ? "below the line nothing touches the world" : `belongs to ${rule.home.source}`;
}

/** Folders that import each other, however indirectly the files are related, types included. */
export function mutualFolders(modules: readonly Module[]): string[] {
  const pairs = new Set(modules.flatMap((module) =>
    module.imports.flatMap((item) =>
      item.target === undefined || folderOf(item.target) === folderOf(module.path) ? [] : [`${folderOf(module.path)} ${folderOf(item.target)}`])));
  return [...pairs].filter((pair) => {
    const [left, right] = pair.split(" ");
    return left! < right! && pairs.has(`${right} ${left}`);
  });
}
