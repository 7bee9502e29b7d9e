// A mistyped command is named, with the nearest ones that exist; nothing is run in its place and nothing is asked.

import type { Hook } from "@oclif/core/hooks";
import { unknownCommand } from "../cli/suggestion.ts";

const hook: Hook<"command_not_found"> = async ({ id, config }) => {
  const words = id.split(":");
  // Behind a topic the second word is a verb; anywhere else it was meant as an argument.
  const typed = config.findTopic(words[0] ?? "") === undefined ? words[0]! : words.join(" ");
  const visible = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(":", " "));
  throw unknownCommand(typed, visible, "raftctl");
};

export default hook;
