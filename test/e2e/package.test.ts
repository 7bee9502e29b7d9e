// The package as npm would install it: every door opens by its name, its types hold under a strict compiler that also looks into them, and the programs of the
// documentation run on it as they stand.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster } from "../../src/daemon/cluster.ts";
import { documentedPrograms } from "../examples/documented-programs.ts";
import { repositoryRoot } from "../tidy/repository-files.ts";

const run = promisify(execFile);
/** Documented, and no programs by themselves. */
const parts = ["platform/message-port-transport.ts", "embedding/file-storage.ts"];
let directory: string;

/** The packed package with its dependencies beside it, as `npm install` leaves them. */
async function installed(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), "raftctl-package-"));
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", place], { cwd: repositoryRoot });
  const archive = (await readdir(place)).find((name) => name.endsWith(".tgz"))!;
  const modules = join(place, "node_modules");
  await mkdir(modules);
  await run("tar", ["xzf", join(place, archive), "-C", modules]);
  await cp(join(modules, "package"), join(modules, "raftctl"), { recursive: true });
  for (const name of await readdir(join(repositoryRoot, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(join(repositoryRoot, "node_modules", name), join(modules, name)).catch(() => undefined);
  }
  await writeFile(join(place, "package.json"), '{ "type": "module" }');
  return place;
}

/** As strict as a consumer can be: declarations of the package are checked, too. */
const strictest = {
  strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true, skipLibCheck: false, verbatimModuleSyntax: true,
  module: "nodenext", target: "es2024", lib: ["es2024", "esnext.disposable"], types: ["node"], outDir: "out",
};

async function compile(...files: readonly string[]): Promise<string> {
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: strictest, files }));
  return run(join(repositoryRoot, "node_modules/.bin/tsc"), ["-p", directory]).then(() => "", (error: { stdout: string }) => error.stdout);
}

beforeAll(async () => {
  directory = await installed();
  for (const { file, code } of documentedPrograms) await writeFile(join(directory, file), code);
  for (const file of parts) await cp(join(repositoryRoot, "test", file), join(directory, basename(file)));
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

test("the documentation's programs and the custom transport and storage compile against the package, and print what the documents say (S13, S28, S81)", async () => {
  expect(await compile(...parts.map((file) => basename(file)), ...documentedPrograms.map(({ file }) => file))).toBe("");
  await using cluster = await createCluster({ nodes: 1 });
  for (const { file, output } of documentedPrograms) {
    const env = { ...process.env, RAFTCTL_ENDPOINT: cluster.endpoints.join() };
    const { stdout, stderr } = await run(process.execPath, [join("out", file.replace(/\.ts$/, ".js"))], { cwd: directory, env });
    expect([file, stdout, stderr]).toEqual([file, output, ""]);
  }
});

test("what a program may not say does not compile, so the package's types are no `any` (S30)", async () => {
  await writeFile(join(directory, "wrong.ts"), [
    'import { Client, RaftctlError } from "raftctl";',
    'import { MemoryNetwork, Raft } from "raftctl/raft";',
    "const network = new MemoryNetwork();",
    'const machine = { apply: (add: number) => ({ result: add }), snapshot: () => new Uint8Array(0), restore: () => undefined };',
    'await Raft.start({ id: "1", founders: ["1"], machine });',
    'await Raft.start({ id: "1", founders: ["1"], network: (id) => network.connect(id) });',
    'new Client({ endpoints: "127.0.0.1:7400" });',
    'new RaftctlError("NO_SUCH_CODE", "");',
  ].join("\n"));
  const lines = [...(await compile("wrong.ts")).matchAll(/wrong\.ts\((\d+),/g)].map(([, line]) => Number(line));
  expect([...new Set(lines)]).toEqual([5, 6, 7, 8]);
});

test("every door of the package opens by its name, and nothing behind them does", async () => {
  const { exports } = JSON.parse(await readFile(join(repositoryRoot, "package.json"), "utf8")) as { exports: Record<string, string> };
  const doors = Object.keys(exports).filter((door) => door !== "./package.json").map((door) => door.replace(".", "raftctl"));
  const script = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0);
    await import("raftctl/dist/wire/codec.js").catch((error) => console.log(error.code));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: directory });
  expect(stdout.trim().split("\n")).toEqual([...doors.map((door) => `${door} true`), "ERR_PACKAGE_PATH_NOT_EXPORTED"]);
  expect(doors).toEqual(expect.arrayContaining(["raftctl", "raftctl/cluster", "raftctl/raft", "raftctl/transport", "raftctl/conformance/storage", "raftctl/conformance/transport"]));
});

test("a command starts from the bundle: few files, and no package but what Node has", async () => {
  const telling = [
    'import { registerHooks } from "node:module";',
    "const loaded = [];",
    "registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });",
    'process.on("exit", () => console.error(JSON.stringify(loaded)));',
  ].join("\n");
  await writeFile(join(directory, "telling.mjs"), telling);
  const program = join(directory, "node_modules/raftctl/bin/run.js");
  const { stderr } = await run(process.execPath, ["--import", "./telling.mjs", program, "get", "k", "--endpoint", "127.0.0.1:1", "--json"], { cwd: directory }).catch((error: { stderr: string }) => error);
  const files = (JSON.parse(stderr.trim().split("\n").at(-1)!) as string[]).filter((url) => url.startsWith("file:")).map((url) => url.split("/node_modules/").at(-1)!);
  expect(files.filter((file) => !/^raftctl\/(?:bin|bundle)\//.test(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(3);
  expect(files.length).toBeLessThan(30);
});

test("an embedded node runs where neither file, socket, process nor package may be loaded (S28)", async () => {
  const bank = await readFile(join(directory, "out/bank.js"), "utf8");
  const { output } = documentedPrograms.find(({ file }) => file === "bank.ts")!;
  expect(await loadRefusing("[^.]", bank)).toBe(output);
  expect(await loadRefusing("[^.]", 'import "raftctl";')).toMatch(/loads /);
});

test("`import { Raft } from \"raftctl\"` runs a node without a file, socket or process, and without a package (S28)", async () => {
  const world = "(?!node:(buffer|crypto|os|timers/promises)$)[^.]";
  const bank = (await readFile(join(directory, "out/bank.js"), "utf8")).replace('"raftctl/raft"', '"raftctl"');
  expect(await loadRefusing(world, bank)).toBe(documentedPrograms.find(({ file }) => file === "bank.ts")!.output);
  const connecting = 'import { Client } from "raftctl"; await new Client({ endpoints: ["127.0.0.1:1"] }).kv.get("k");';
  expect(await loadRefusing(world, connecting)).toMatch(/loads (msgpackr|node:net)/);
});

/** @param refused how a module's name begins that may not be loaded from within the package. @returns what the program prints, or why it ends */
async function loadRefusing(refused: string, program: string): Promise<string> {
  const hooks = [
    'import { registerHooks } from "node:module";',
    "registerHooks({ resolve: (specifier, context, next) => {",
    `  if (context.parentURL?.includes("/raftctl/") && /^${refused.replaceAll("/", "\\/")}/.test(specifier)) throw new Error(\`loads \${specifier}\`);`,
    "  return next(specifier, context);",
    "} });",
  ].join("\n");
  await writeFile(join(directory, "refusing.mjs"), hooks);
  return run(process.execPath, ["--import", "./refusing.mjs", "--input-type=module", "--eval", program], { cwd: directory }).then(({ stdout }) => stdout, (error: { stderr: string }) => error.stderr);
}
