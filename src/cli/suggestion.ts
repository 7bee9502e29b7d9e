// Commands near a mistyped one: the nearest by edit distance, or all of a topic when only the verb is wrong or missing.

import { RaftctlError } from "../base/errors.ts";
import { nearestName } from "../config/suggestion.ts";

const suggestionsMax = 3;

/** @param before what stands before the name on the command line. */
export function unknownCommand(typed: string, known: readonly string[], before: string): RaftctlError {
  const suggestions = nearestCommands(typed, known);
  const hint = suggestions.length === 0 ? "raftctl --help" : `did you mean ${suggestions.map((name) => `${before} ${name}`).join(" or ")}?`;
  return new RaftctlError("USAGE", `unknown command: ${typed}`, { hint, details: { command: typed, suggestions } });
}

export function nearestCommands(typed: string, known: readonly string[]): string[] {
  const [topic = "", ...verbs] = typed.split(" ");
  const inTopic = known.filter((name) => name.startsWith(`${topic} `));
  if (inTopic.length > 0) {
    const nearest = verbs.length === 0 ? undefined : nearestName(typed, inTopic);
    return nearest === undefined ? inTopic.slice(0, suggestionsMax) : [nearest];
  }
  const nearest = nearestName(typed, known) ?? nearestName(topic, known.map((name) => name.split(" ")[0] ?? name));
  return nearest === undefined ? [] : [nearest];
}
