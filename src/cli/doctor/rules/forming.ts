// A cluster that does not exist yet: nodes that look for each other to form one (`init --expect`), and what each of them waits for.

import { cause, listed, type Rule } from "../case.ts";
import type { Action } from "../cause.ts";
import type { Forming } from "../examined.ts";
import { startAt } from "../remedy.ts";
import { shellWord } from "../shell-word.ts";

interface Place extends Forming {
  readonly place: string;
}

export const forming: Rule = ({ picture }) => {
  const found = picture.examined.flatMap(({ forming: one, place }) => (one === undefined ? [] : [{ ...one, place }]));
  // One that runs says more than its directory.
  const nodes = [...new Map(found.toSorted((left, right) => Number(left.progress !== undefined) - Number(right.progress !== undefined)).map((node) => [node.name, node])).values()];
  const first = nodes.at(-1);
  if (first === undefined) return [];
  const names = nodes.map(({ name }) => name);
  return [cause("forming", picture.nodes.size === 0 ? "outage" : "degraded", {
    nodes: names,
    summary: `${listed(names)} ${names.length === 1 ? "is" : "are"} still forming a cluster of ${first.expect}: ${waitsFor(first)}`,
    evidence: nodes.flatMap(evidenceOf),
    actions: actionsOf(nodes),
  })];
};

function waitsFor({ progress }: Forming): string {
  return progress === undefined ? "its daemon does not run" : progress.waitsFor;
}

function evidenceOf(node: Place): string[] {
  const { name, source, expect, progress } = node;
  const looked = (progress?.addresses ?? []).map(({ address, state, detail }) => `${name} finds at ${address}: ${state} (${detail})`);
  return [`${name} looks for ${expect} nodes in ${source}: ${waitsFor(node)}`, ...looked];
}

/** The nodes that are missing, then what has to be changed; with neither there is nothing to do but to wait. */
function actionsOf(nodes: readonly Place[]): Action[] {
  const stopped = nodes.filter(({ progress }) => progress === undefined).map(({ name, place }) => startAt(name, place));
  const needed = [...stopped, ...distinct([...nodes.flatMap(problem), ...nodes.flatMap(missing)])];
  return needed.length > 0 ? needed : [{ text: "all of them are there and vote: wait a moment, and look again", command: "raftctl wait --for leader" }];
}

function problem({ name, progress }: Place): Action[] {
  return progress === undefined || progress.problem === null ? [] : [{ text: `mend what stops ${name}: ${progress.problem.hint ?? progress.problem.message}`, command: null }];
}

function missing({ source, expect, progress }: Place): Action[] {
  if (progress === undefined) return [];
  const away = progress.addresses.filter(({ state }) => state === "silent");
  const command = `raftctl init --expect ${expect} --discovery ${shellWord(source)}`;
  const start = away.map(({ address }) => ({ text: `start the node that shall be at ${address}, or set it up with the same source and number`, command }));
  const unnamed = expect - progress.addresses.length;
  return unnamed <= 0 ? start : [...start, { text: `name ${unnamed} more of the ${expect} nodes in ${source}`, command: null }];
}

function distinct(actions: readonly Action[]): Action[] {
  return [...new Map(actions.map((action) => [action.text, action])).values()];
}
