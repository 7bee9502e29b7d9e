// The floors of the house, checked on the import graph of src as this test reads it by itself. The linter checks the same while one types; this
// one would notice if the linter's configuration lost a rule. Each check is also shown to fail on a tree that breaks it.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { belowTheLine, floors, floorViolations, folderOf, mutualFolders } from "./tidy/floors.ts";
import { cycles, importsOf, readGraph } from "./tidy/import-graph.ts";
import type { Module } from "./tidy/import-graph.ts";

const root = fileURLToPath(new URL("../src", import.meta.url));
const modules = readGraph(root);
const floorOf = (folder: string): { values: readonly string[]; types: readonly string[] } => floors[folder] ?? { values: [], types: [] };

const moduleWith = (path: string, ...lines: string[]): Module => {
  const text = lines.join("\n");
  const up = path.split("/").length - 1;
  const imports = importsOf(text, path).map((item) => ({
    ...item,
    target: item.specifier.startsWith("../".repeat(up)) && up > 0 ? item.specifier.slice(3 * up)
      : item.specifier.startsWith("./") ? `${folderOf(path)}/${item.specifier.slice(2)}` : undefined,
  }));
  return { path, text, imports };
};

describe("the graph of src", () => {
  test("holds every TypeScript file under src, so that no rule is proven on a part of the tree", () => {
    const onDisk = readdirSync(root, { recursive: true }).filter((name) => String(name).endsWith(".ts"));
    expect(modules).toHaveLength(onDisk.length);
    expect(modules.length).toBeGreaterThan(50);
    expect(modules.filter((module) => module.imports.length > 0).length).toBeGreaterThan(modules.length / 2);
  });

  test("keeps to the floors: imports go down or stay, siblings never meet, packages stay at home (S3, S48, S52, S123, K3)", () => {
    expect(floorViolations(modules)).toEqual([]);
  });

  test("has no import cycle, type imports included", () => {
    expect(cycles(modules)).toEqual([]);
  });

  test("has no two folders that import each other", () => {
    expect(mutualFolders(modules)).toEqual([]);
  });

  test("raft needs nothing at run time but base (S123, S28)", () => {
    const needed = modules.filter((module) => folderOf(module.path) === "raft")
      .flatMap((module) => module.imports.filter((item) => !item.typeOnly && folderOf(item.target ?? "") !== "raft"))
      .map((item) => folderOf(item.target ?? item.specifier));
    expect(new Set(needed)).toEqual(new Set(["base"]));
  });

  test("the door `raftctl/raft` reaches no file, socket, process or package at run time, however far (S28)", () => {
    const reached = reachedFrom("embedding/index.ts");
    expect(reached.files.length).toBeGreaterThan(50);
    expect(reached.packages).toEqual([]);
    expect(reached.files.filter((path) => /^(daemon|client|cli|config|commands)\//.test(path))).toEqual([]);
    expect(reached.files.filter((path) => folderOf(path) === "platform")).toEqual(["platform/system-clock.ts"]);
    expect(reachedFrom("index.ts").packages).toContain("node:net");
  });

  test("`import { Raft } from \"raftctl\"` loads no daemon, command line, file system, network or package (S28)", () => {
    const { files, packages } = reachedFrom("index.ts", { whenLoaded: true });
    expect(files).toContain("embedding/raft.ts");
    expect(new Set(packages)).toEqual(new Set(["node:buffer", "node:crypto", "node:os", "node:timers/promises"]));
    expect(files.filter((path) => /^(daemon|cli|config|commands|http)\//.test(path))).toEqual([]);
  });

  test("sender and receiver of the transport do not import each other, at any distance (S2, S127)", () => {
    const named = (part: string): string[] =>
      modules.map((module) => module.path).filter((path) => folderOf(path) === "platform" && path.includes(part));
    const [senders, receivers] = [named("sender"), named("receiver")];
    expect(senders.length, "a file of src/platform with sender in its name").toBeGreaterThan(0);
    expect(receivers.length, "a file of src/platform with receiver in its name").toBeGreaterThan(0);
    expect(pathsBetween(modules, senders, receivers)).toEqual([]);
    expect(pathsBetween(modules, receivers, senders)).toEqual([]);
  });

  test("only the assemblies (daemon, embedded node) and the simulator's world call `new` on the host: nothing else steps a group (S48, S47)", () => {
    const builders = modules.filter((module) => /\bnew Host\(/.test(module.text)).map((module) => module.path);
    expect(builders).toEqual(["daemon/daemon.ts", "embedding/raft.ts"]);
  });
});

test("commands enter the log by one door: only Raft.propose hands the core a proposal (S32)", () => {
  const doors = modules.filter((module) => folderOf(module.path) !== "raft" && /kind: "propose"/.test(module.text)).map((module) => module.path);
  expect(doors).toEqual(["host/region.ts"]);
});

test("the wall clock decides nothing below the line: it only dates the header of a new segment, and has a lease read ask a majority that need not (H25, H24)", () => {
  const below = modules.filter((module) => ["raft", "wire", "storage", "machine", "host"].includes(folderOf(module.path)));
  expect(below.length).toBeGreaterThan(50);
  expect(below.filter((module) => /\bwallNow\b/.test(module.text)).map((module) => module.path)).toEqual(["host/standstill.ts", "storage/wal/segment-supply.ts"]);
});

describe("the linter's floors", () => {
  interface Pattern { regex: string; allowTypeImports?: boolean }
  interface Override { files: string[]; rules: Record<string, [string, { patterns: Pattern[] }]> }
  const overrides = (JSON.parse(readFileSync(new URL("../.oxlintrc.json", import.meta.url), "utf8")) as { overrides: Override[] }).overrides;
  const patternsOf = (folder: string): Pattern[] =>
    overrides.find((override) => override.files.includes(`src/${folder}/**/*.ts`) && "no-restricted-imports" in override.rules)
      ?.rules["no-restricted-imports"]?.[1].patterns ?? [];

  test.for(Object.keys(floors))("say the same about src/%s as the table of this test", (folder) => {
    const patterns = patternsOf(folder);
    for (const target of Object.keys(floors)) {
      if (target === folder) continue;
      const hit = patterns.filter((pattern) => new RegExp(pattern.regex).test(`../${target}/daemon.ts`));
      const expected = floorOf(folder).values.includes(target) ? "free" : floorOf(folder).types.includes(target) ? "types" : "never";
      const actual = hit.length === 0 ? "free" : hit.every((pattern) => pattern.allowTypeImports === true) ? "types" : "never";
      expect(`${target}: ${actual}`).toBe(`${target}: ${expected}`);
    }
    const world = patterns.some((pattern) => new RegExp(pattern.regex).test("node:fs"));
    expect(world).toBe(belowTheLine.includes(folder) || folder === "embedding");
  });
});

describe("each check can fail", () => {
  test("an import that goes up, sideways, or into the world is named", () => {
    const tree = [
      moduleWith("raft/log.ts", 'import { put } from "../wire/command.ts";', 'import fs from "node:fs";'),
      moduleWith("wire/command.ts", 'import { log } from "../raft/log.ts";', 'import { pack } from "msgpackr";'),
      moduleWith("daemon/main.ts", 'import { connect } from "node:net";', 'import { Client } from "../client/client.ts";'),
      moduleWith("client/client.ts", 'import type { Log } from "../raft/log.ts";'),
      moduleWith("attic/box.ts", 'import { a } from "../wire/command.ts";'),
    ];
    expect(floorViolations(tree).map((line) => line.split(":")[0])).toEqual([
      "raft/log.ts -> ../wire/command.ts", "raft/log.ts -> node", "wire/command.ts -> ../raft/log.ts", "wire/command.ts -> msgpackr",
      "daemon/main.ts -> node", "daemon/main.ts -> ../client/client.ts", "client/client.ts -> ../raft/log.ts", "attic/box.ts -> ../wire/command.ts",
    ]);
  });

  test("types are let through where the table says so, and only with `import type`", () => {
    const log = moduleWith("raft/log.ts", "export const log = 1;");
    expect(floorViolations([log, moduleWith("wire/a.ts", 'import type { Log } from "../raft/log.ts";')])).toEqual([]);
    expect(floorViolations([log, moduleWith("wire/a.ts", 'import { type Log } from "../raft/log.ts";')])).toHaveLength(1);
  });

  test("a cycle is found through three files and through types", () => {
    const tree = [
      moduleWith("raft/a.ts", 'import { b } from "./b.ts";'), moduleWith("raft/b.ts", 'import type { C } from "./c.ts";'),
      moduleWith("raft/c.ts", 'import { a } from "./a.ts";'), moduleWith("raft/d.ts", 'import { a } from "./a.ts";'),
    ];
    expect(cycles(tree)).toEqual([["raft/a.ts", "raft/b.ts", "raft/c.ts"]]);
  });

  test("a mutual pair of folders is found where no two files import each other", () => {
    const tree = [
      moduleWith("raft/a.ts", 'import { b } from "../base/b.ts";'), moduleWith("raft/z.ts"),
      moduleWith("base/b.ts"), moduleWith("base/c.ts", 'import type { Z } from "../raft/z.ts";'),
    ];
    expect(mutualFolders(tree)).toEqual(["base raft"]);
  });

  test("the reader sees every form of import, and none in comments and strings", () => {
    const text = [
      'import "./side.ts";', "import {\n  one,\n  two, // not from \"./comment.ts\"\n} from './many.ts';", 'import * as all from "./all.ts";',
      'export type { T } from "./types.ts";', 'export { v } from "./values.ts";', 'const late = await import("./late.ts");',
      'type Shape = typeof import("./shape.ts");', "// import x from './gone.ts';", 'const text = "import y from nowhere";',
    ].join("\n");
    expect(importsOf(text, "sample.ts").map((item) => `${item.specifier}${item.typeOnly ? " type" : ""}`).toSorted()).toEqual([
      "./all.ts", "./late.ts", "./many.ts", "./shape.ts type", "./side.ts", "./types.ts type", "./values.ts",
    ]);
  });

  test("a file that the reader does not understand is an error, not an empty list", () => {
    expect(() => importsOf('import { "odd name" as odd } from "./odd.ts";', "odd.ts")).toThrow(/1 imports by a rough count, 0 understood/);
  });

  test("a path from sender to receiver is found through a third file", () => {
    const tree = [
      moduleWith("platform/x-sender.ts", 'import { m } from "./middle.ts";'), moduleWith("platform/middle.ts", 'import { r } from "./x-receiver.ts";'),
      moduleWith("platform/x-receiver.ts"),
    ];
    expect(pathsBetween(tree, ["platform/x-sender.ts"], ["platform/x-receiver.ts"])).toHaveLength(1);
  });
});

/** What a module needs at run time, at any distance; imports inside functions count unless only loading it is asked for. */
function reachedFrom(start: string, { whenLoaded = false } = {}): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [start];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (files.has(next)) continue;
    files.add(next);
    for (const item of byPath.get(next)!.imports.filter(({ typeOnly, isDynamic }) => !typeOnly && !(whenLoaded && isDynamic))) {
      if (item.target === undefined) packages.add(item.specifier);
      else open.push(item.target);
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() };
}

function pathsBetween(tree: readonly Module[], from: readonly string[], to: readonly string[]): string[] {
  const byPath = new Map(tree.map((module) => [module.path, module]));
  return from.flatMap((start) => {
    const reached = new Set<string>();
    const open = [start];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(...(byPath.get(next)?.imports.flatMap((item) => item.target ?? []) ?? []));
    }
    return to.filter((goal) => reached.has(goal)).map((goal) => `${start} -> ${goal}`);
  });
}
