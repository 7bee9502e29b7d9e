// Commands near a mistyped one: the nearest by edit distance, or all of a topic when only the verb is wrong.

import { nearestName } from "../config/suggestion.ts";

const suggestionsMax = 3;

export function nearestCommands(typed: string, known: readonly string[]): string[] {
  const [topic = "", ...verbs] = typed.split(" ");
  const inTopic = known.filter((name) => name.startsWith(`${topic} `));
  if (verbs.length > 0 && inTopic.length > 0) {
    const nearest = nearestName(typed, inTopic);
    return nearest === undefined ? inTopic.slice(0, suggestionsMax) : [nearest];
  }
  const nearest = nearestName(typed, known) ?? nearestName(topic, known.map((name) => name.split(" ")[0] ?? name));
  return nearest === undefined ? [] : [nearest];
}
