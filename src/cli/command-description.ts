// The visible commands with their flags, as the framework's manifest describes them, in the plain form that completion and the test of the command
// surface use.

import type { Command } from "@oclif/core/command";
import type { CompletionCommand, CompletionFlag } from "./completion.ts";

/** Sorted by path. */
export function describeCommands(commands: readonly Command.Cached[]): CompletionCommand[] {
  return commands
    .filter((command) => !command.hidden)
    .map((command) => ({ path: command.id.replaceAll(":", " "), summary: command.summary ?? "", flags: describeFlags(command) }))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function describeFlags(command: Command.Cached): CompletionFlag[] {
  return Object.values(command.flags)
    .filter((flag) => flag.hidden !== true)
    .map((flag) => ({
      name: flag.name,
      char: flag.char,
      description: flag.summary ?? flag.description ?? "",
      takesValue: flag.type === "option",
      values: flag.type === "option" ? [...(flag.options ?? [])] : [],
    }));
}
