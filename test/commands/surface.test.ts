// The commands and their flags are an interface: scripts depend on them. surface.json is what was agreed; a change fails here until it is made on
// purpose with  RAFTCTL_WRITE_SURFACE=1 npx vitest run --project unit test/commands/surface.test.ts

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Config } from "@oclif/core/config";
import { settings } from "@oclif/core/settings";
import { beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const file = join(import.meta.dirname, "surface.json");

interface Surface {
  readonly [command: string]: { readonly args: string[]; readonly flags: string[] };
}

let config: Config;

beforeAll(async () => {
  settings.enableAutoTranspile = false;
  const pjson = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { oclif: Record<string, unknown> };
  pjson.oclif = { ...pjson.oclif, commands: "./src/commands", plugins: [], hooks: {} };
  config = await Config.load({ root, pjson, ignoreManifest: true } as unknown as Parameters<typeof Config.load>[0]);
});

function visibleCommands(): typeof config.commands {
  return config.commands.filter((command) => !command.hidden).toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

function surface(): Surface {
  return Object.fromEntries(visibleCommands().map((command) => [command.id.replaceAll(":", " "), {
    args: Object.values(command.args).map((arg) => (arg.required ? arg.name : `[${arg.name}]`)),
    flags: Object.values(command.flags).filter((flag) => flag.hidden !== true).map(flagText).toSorted(),
  }]));
}

function flagText(flag: (typeof config.commands)[number]["flags"][string]): string {
  const short = flag.char === undefined ? "" : `-${flag.char}, `;
  if (flag.type === "boolean") return `${short}--${flag.allowNo ? "[no-]" : ""}${flag.name}`;
  return `${short}--${flag.name} ${flag.options?.join("|") ?? "<value>"}${flag.multiple ? "…" : ""}`;
}

test("no command, argument or flag appears, changes or vanishes unnoticed", () => {
  if (process.env["RAFTCTL_WRITE_SURFACE"]) writeFileSync(file, `${JSON.stringify(surface(), undefined, 2)}\n`);
  expect(surface()).toEqual(JSON.parse(readFileSync(file, "utf8")));
});

test("every command has a summary and examples that begin with its name", () => {
  for (const command of visibleCommands()) {
    const examples = command.examples ?? [];
    expect(command.summary, command.id).toBeTruthy();
    expect(examples.length, command.id).toBeGreaterThan(0);
    for (const example of examples) {
      const line = typeof example === "string" ? example : example.command;
      expect(line, command.id).toContain(`<%= config.bin %> ${command.id.replaceAll(":", " ")}`);
    }
  }
});

test("no positional argument reads the standard input behind the user's back", async () => {
  for (const command of config.commands) {
    const { args } = await command.load();
    for (const [name, arg] of Object.entries(args)) expect(arg.ignoreStdin, `${command.id} ${name}`).toBe(true);
  }
});

test("--json and the global flags are everywhere", () => {
  for (const command of visibleCommands()) {
    expect(Object.keys(command.flags), command.id).toEqual(expect.arrayContaining(["json", "quiet", "no-color"]));
  }
});
