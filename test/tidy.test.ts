// The tree itself: sizes, openings, names, words, and the package as npm would publish it. Every rule is shown to fail on a file that breaks it.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isSource, name, noOutsiders, nothingLeftOver, opening, size, thinCommand } from "./tidy/tidy-rules.ts";
import { repositoryFiles, repositoryRoot } from "./tidy/repository-files.ts";

const files = repositoryFiles();
const rules = { size, opening, name, nothingLeftOver, noOutsiders, thinCommand };
const breaks = (rule: keyof typeof rules): string[] => files.flatMap((file) => rules[rule](file) ?? []);

describe("every file", () => {
  test("is looked at: sources, tests, documents and the start script of the command line", () => {
    const paths = files.map((file) => file.path);
    for (const wanted of ["package.json", "README.md", "bin/run.js", "src/base/ids.ts", "test/tidy.test.ts", ".ci/run"]) expect(paths).toContain(wanted);
    expect(paths.filter(isSource).length).toBeGreaterThan(100);
  });

  test("has at most 400 lines", () => { expect(breaks("size")).toEqual([]); });
  test("opens with a comment that says what it is for", () => { expect(breaks("opening")).toEqual([]); });
  test("has a kebab-case name that says what it is", () => { expect(breaks("name")).toEqual([]); });
  test("holds no reminder, no focused or switched-off test, no silenced linter and no retried test", () => {
    expect(breaks("nothingLeftOver")).toEqual([]);
  });
  test("speaks of the product alone", () => { expect(breaks("noOutsiders")).toEqual([]); });
  test("that is a command is thin (K4)", () => { expect(breaks("thinCommand")).toEqual([]); });
});

describe("the tree", () => {
  test("has the folders and files that the card names (K2)", () => {
    const paths = files.map((file) => file.path);
    for (const file of ["package.json", "tsconfig.json", "README.md"]) expect(paths).toContain(file);
    for (const folder of ["src/commands/", "src/daemon/", "src/config/", "test/"]) {
      expect(paths.filter((path) => path.startsWith(folder)).length, folder).toBeGreaterThan(0);
    }
  });

  test("is built on the packages that the card names, each pinned to one version (K1)", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as
      Record<"dependencies" | "devDependencies", Record<string, string>>;
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(["@oclif/core", "msgpackr", "chokidar", "cosmiconfig", "pino"]));
    expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(["typescript", "vitest", "execa"]));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^(?:\d+\.\d+\.\d+|file:.+)$/.test(version));
    expect(loose).toEqual([]);
  });

  test("has one command file for each verb of the card (K5)", () => {
    const paths = files.map((file) => file.path);
    for (const verb of ["init", "join", "leave", "put", "get"]) expect(paths).toContain(`src/commands/${verb}.ts`);
  });

  test("cites the paper where the core obeys it: at least forty places in src/raft, in at least half of its files (S46)", () => {
    const core = files.filter((file) => file.path.startsWith("src/raft/"));
    const citations = core.map((file) => [...file.text.matchAll(/§\d|Figure \d|diss\. §/g)].length);
    expect(citations.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(40);
    expect(citations.filter((count) => count > 0).length).toBeGreaterThanOrEqual(core.length / 2);
  });

  test("links only to documents and pictures that exist", () => {
    const pictures = execFileSync("git", ["ls-files", "*.svg"], { cwd: repositoryRoot, encoding: "utf8" }).split("\n");
    const known = new Set([...files.map((file) => file.path), ...pictures]);
    const broken = files.filter((file) => file.path.endsWith(".md")).flatMap((file) =>
      [...file.text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => join(file.path, "..", match[1]!))
        .filter((target) => !known.has(target) && ![...known].some((path) => path.startsWith(`${target.replace(/\/$/, "")}/`)))
        .map((target) => `${file.path} -> ${target}`));
    expect(broken).toEqual([]);
  });
});

test("the package holds the compiled program, the schemas of its output and nothing else (K1, K2)", () => {
  const report = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: repositoryRoot, encoding: "utf8" });
  const [pack] = JSON.parse(report) as [{ files: { path: string }[] }];
  const strangers = pack.files.map((file) => file.path)
    .filter((path) => !/^(?:dist\/.+\.(?:js|d\.ts|map)|bundle\/.+\.js|schemas\/[a-z-]+\.json|bin\/run\.js|oclif\.manifest\.json|package\.json|README\.md|LICENSE)$/.test(path));
  expect(strangers).toEqual([]);
});

describe("each rule can fail", () => {
  const wrong = (rule: keyof typeof rules, path: string, text: string): void => { expect(rules[rule]({ path, text })).toContain(path); };
  const fine = (rule: keyof typeof rules, path: string, text: string): void => { expect(rules[rule]({ path, text })).toBeUndefined(); };

  test("on a long file, on one without an opening, on a name that says nothing", () => {
    wrong("size", "src/raft/log.ts", "x\n".repeat(401));
    fine("size", "src/raft/log.ts", "x\n".repeat(400));
    wrong("opening", "src/raft/log.ts", 'import { a } from "./a.ts";');
    fine("opening", "bin/run.js", "#!/usr/bin/env node\n// Starts.");
    wrong("opening", "src/commands/put.ts", 'import { a } from "./a.ts";');
    fine("opening", "src/commands/put.ts", 'import { a } from "./a.ts";\nclass Put {\n  static override summary = "Store a value";');
    for (const path of ["src/raft/raftLog.ts", "src/raft/log_file.ts", "src/base/string-utils.ts", "src/common/log.ts", "src/host/region-manager.ts"]) {
      wrong("name", path, "");
    }
    fine("name", "src/raft/read-index.ts", "");
    wrong("thinCommand", "src/commands/put.ts", "x\n".repeat(121));
  });

  test("on reminders, on tests that do not run, on a silenced linter", () => {
    const parts = [["TO", "DO"], ["FIX", "ME"], ["test.on", "ly("], ["describe.sk", "ip("], ["test.concurrent.to", "do("], ["oxlint-dis", "able"],
      ["@ts-ig", "nore"], ["retry", ": 2"]];
    for (const words of parts) wrong("nothingLeftOver", "test/raft/log.test.ts", `// a\n${words.join("")}`);
    fine("nothingLeftOver", "test/raft/log.test.ts", "iterator.skip(1); only; retry: 0");
  });

  test("on words from outside the product", () => {
    for (const words of [["cd /wo", "rk/main"], ["registry.npm", "js.org"], ["see issue", " #12"], ["as DES", "IGN.md says"]]) {
      wrong("noOutsiders", "docs/architecture.md", words.join(""));
    }
    fine("noOutsiders", "docs/architecture.md", "the worker's framework, an issue with the disk");
  });
});
