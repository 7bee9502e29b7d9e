// From the process to a command: streams and signals first, arguments in the order that oclif expects, and a failure outside of any command (a
// mistyped name, a damaged installation) shown in the same way as one inside.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadOptions } from "@oclif/core/interfaces";
import { hasSwitch, normalizeArguments } from "./argv.ts";
import { exitOnSignals } from "./signals.ts";
import { endQuietlyOnBrokenPipe } from "./terminal.ts";

/** @param root the folder of package.json. */
export async function main(root: string): Promise<void> {
  await runCommandLine(process.argv.slice(2), { root });
}

/** The same, with the commands of src/. */
export async function mainFromSource(root: string): Promise<void> {
  const pjson = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { oclif: Record<string, unknown> };
  Object.assign(pjson.oclif, {
    commands: "./src/commands",
    hooks: { command_not_found: "./src/hooks/command-not-found.ts" },
    helpClass: "./src/cli/help.ts",
  });
  const { settings } = await import("@oclif/core/settings");
  settings.enableAutoTranspile = false;
  await runCommandLine(process.argv.slice(2), { root, pjson, ignoreManifest: true } as unknown as LoadOptions);
}

async function runCommandLine(argv: readonly string[], loadOptions: LoadOptions): Promise<void> {
  endQuietlyOnBrokenPipe(process.stdout);
  endQuietlyOnBrokenPipe(process.stderr);
  exitOnSignals();
  decideColour(argv);
  try {
    const { run } = await import("@oclif/core/run");
    await run(normalizeArguments(argv), loadOptions);
  } catch (thrown) {
    await reportOutsideCommand(thrown, argv);
  }
}

/** Before anything is painted. NO_COLOR together with FORCE_COLOR makes Node print a warning. */
function decideColour(argv: readonly string[]): void {
  if (hasSwitch(argv, "--no-color")) process.env["NO_COLOR"] = "1";
  if (process.env["NO_COLOR"]) delete process.env["FORCE_COLOR"];
}

async function reportOutsideCommand(thrown: unknown, argv: readonly string[]): Promise<void> {
  const { asFailure, deliberateExit, failureEnvelope, failureText } = await import("./failure.ts");
  const exit = deliberateExit(thrown);
  const error = asFailure(thrown);
  process.exitCode = exit ?? error.exit;
  if (exit !== undefined) return;
  if (hasSwitch(argv, "--json")) process.stdout.write(`${JSON.stringify(failureEnvelope(error))}\n`);
  else process.stderr.write(`${failureText(error)}\n`);
}
