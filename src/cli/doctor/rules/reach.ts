// Who is not there and why: stopped, paused, cut off, on one way or on both. The difference is in what a dialler meets: nobody listens (refused),
// somebody accepts and is silent (stalled), nothing comes back (silent), or it breaks off (cut).

import { cause, listed, oftenest, runningNodes, severityOf, type Case, type Rule } from "../case.ts";
import type { Action } from "../cause.ts";
import { shortReason } from "../examined.ts";
import { majorityOf, votersOf, type NodeState, type Picture } from "../picture.ts";
import type { Edge } from "../reachability.ts";
import { mendNetwork, peerAddressOf, recover, restartNode, startNode } from "../remedy.ts";

export const processPaused: Rule = (found) => inState(found, ["stalled"]).map(({ id, name }) => cause("process-paused", severityOf(found, ({ voter, obstacle }) => voter === id && obstacle === "stalled"), {
  nodes: [name], summary: `the process of ${name} stands still: it accepts connections and answers nothing`, evidence: absenceEvidence(found, id),
  actions: [
    { text: `wake the daemon of ${name} if it was stopped by a signal or a debugger`, command: "kill -CONT PID" },
    restartNode(found.picture, id, "if it hangs in the disk or the machine is out of memory, restart it"),
  ],
}));

export const nodeDown: Rule = (found) => inState(found, found.picture.offline ? ["down"] : ["down", "stopped"]).map(({ id, name }) => cause("node-down", severityOf(found, ({ voter, obstacle }) => voter === id && obstacle === "down"), {
  nodes: [name], summary: `${name} is not running`, evidence: absenceEvidence(found, id), actions: [startNode(found.picture, id)],
}));

export const nodeUnreachable: Rule = (found) => inState(found, ["unreachable"]).map(({ id, name }) => cause("node-unreachable", severityOf(found, ({ voter, obstacle }) => voter === id && obstacle === "unreachable"), {
  nodes: [name], summary: `nobody reaches ${name}: its machine is down, or the network to it is cut`, evidence: absenceEvidence(found, id),
  actions: [{ text: `see whether the machine of ${name} (${peerAddressOf(found.picture, id) ?? "address unknown"}) runs, and run the doctor there`, command: "raftctl doctor" }],
}));

/** So many voters are gone that what is left can decide nothing, whatever else is mended. */
export const quorumLost: Rule = (found) => {
  const { picture } = found;
  if (picture.offline || picture.leader !== undefined) return [];
  const damaged = new Set(picture.examined.flatMap(({ directory }) => directory?.node?.id ?? []));
  const isGone = (id: string): boolean => ["down", "unreachable", "stopped"].includes(picture.stateOf(id)) || (damaged.has(id) && picture.stateOf(id) !== "answers");
  const lost = picture.groups.filter((group) => group.filter((id) => !isGone(id)).length < majorityOf(group));
  if (lost.length === 0) return [];
  const gone = [...new Set(lost.flat())].filter(isGone);
  const names = gone.map((id) => picture.name(id));
  const missing = Math.max(...lost.map((group) => majorityOf(group) - group.filter((id) => !isGone(id)).length));
  const needs = lost.map((group) => `${majorityOf(group)} of {${group.map((id) => picture.name(id)).join(",")}}`).join(" and ");
  return [cause("quorum-lost", "outage", {
    nodes: names, summary: `the quorum is lost: it needs ${needs}, and ${listed(names)} ${names.length === 1 ? "is" : "are"} gone`,
    evidence: gone.flatMap((id) => absenceEvidence(found, id)),
    actions: [
      { text: `bring back ${missing === names.length ? listed(names) : `any ${missing} of ${listed(names)}`}; that is enough`, command: startNode(picture, gone.find((id) => !damaged.has(id)) ?? gone[0]!).command },
      ...lookThere(picture, gone),
      recover(picture, names),
    ],
  })];
};

/** Who is cut off with us in a minority sees the same as who has lost the majority, and must not recover from it. */
function lookThere(picture: Picture, gone: readonly string[]): Action[] {
  const silent = gone.filter((id) => picture.stateOf(id) === "unreachable").map((id) => picture.name(id));
  return silent.length === 0 ? [] : [{ text: `see whether ${listed(silent)} ${silent.length === 1 ? "runs" : "run"} behind a network that is cut: they may have a leader; run the doctor there`, command: "raftctl doctor" }];
}

/** Both ways, between nodes that answer us: the network between them is cut. */
export const partition: Rule = (found) => {
  const pairs = cutPairs(found).filter(({ back }) => !back.reached);
  if (pairs.length === 0) return [];
  const { picture } = found;
  const islands = islandsOf(found);
  const shown = islands.map((island) => `{${island.map((id) => picture.name(id)).join(",")}}`).join(" | ");
  return [cause("partition", severityOf(found, ({ obstacle }) => obstacle === "unreachable"), {
    nodes: oftenest(pairs.flatMap(({ there }) => [picture.name(there.from), picture.name(there.to)])),
    summary: islands.length > 1 ? `the network between the nodes is cut: ${shown}` : "the network between some nodes is cut on both ways",
    evidence: pairs.flatMap(({ there, back }) => [edgeText(picture, there), edgeText(picture, back)]),
    actions: [mendNetwork(picture, pairs[0]!.there.from, pairs[0]!.there.to)],
  })];
};

export const asymmetricPartition: Rule = (found) => {
  const { picture } = found;
  const pairs = cutPairs(found).filter(({ back }) => back.reached);
  if (pairs.length === 0) return [];
  const deaf = [...new Set(pairs.map(({ there }) => there.to))].map((id) => picture.name(id));
  return [cause("asymmetric-partition", severityOf(found, ({ obstacle }) => obstacle === "unreachable"), {
    nodes: deaf, summary: `the network is cut in one direction: nodes that ${listed(deaf)} can reach do not reach ${deaf.length === 1 ? "it" : "them"}`,
    evidence: pairs.flatMap(({ there, back }) => [edgeText(picture, there), `${picture.name(back.from)} reaches ${picture.name(back.to)}`]),
    actions: [mendNetwork(picture, pairs[0]!.there.from, pairs[0]!.there.to)],
  })];
};

/** Nothing runs at all, and what is on the disks can be started. */
export const nodesStopped: Rule = ({ picture, candidates, blocked }) => {
  if (!picture.offline || picture.nodes.size === 0) return [];
  const names = [...picture.nodes.values()].map(({ name }) => name).toSorted();
  const winners = candidates.filter(({ canWin }) => canWin).map(({ name }) => name);
  const unseen = votersOf(picture.configuration).filter((id) => picture.stateOf(id) === "unknown").map((id) => picture.name(id));
  const evidence = [
    ...(unseen.length > 0 ? [`the directories of ${listed(unseen)} were not given: what they hold is not known`] : []),
    blocked ? "with only these nodes started, none of them can win" : `once they run, ${listed(winners)} can win`,
  ];
  return [cause("nodes-stopped", "outage", {
    nodes: names, summary: `only directories were looked at, and no daemon runs on them: ${listed(names)}`, evidence,
    actions: [...picture.nodes.values()].map((facts) => startNode(picture, facts.nodeId)),
  })];
};

// ── what the rules share ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function inState({ picture }: Case, states: readonly NodeState[]): { id: string; name: string }[] {
  const members = picture.configuration.members.map(({ id }) => id);
  return members.filter((id) => states.includes(picture.stateOf(id))).map((id) => ({ id, name: picture.name(id) }));
}

function absenceEvidence({ picture, edges }: Case, id: string): string[] {
  const silence = picture.silenceOf(id);
  const asked = silence === undefined ? [] : [`${picture.name(id)} does not answer us (${shortReason(silence)})`];
  const peers = edges.filter((edge) => edge.to === id && !edge.reached).map((edge) => edgeText(picture, edge));
  const directory = picture.examined.flatMap((place) => (place.directory?.node?.id === id ? [`${place.place}: ${place.directory.message}`] : []));
  return [...asked, ...peers, ...directory].slice(0, 4);
}

function edgeText(picture: Picture, { from, to, reason }: Edge): string {
  return `${picture.name(to)} is unreachable from ${picture.name(from)} (${reason})`;
}

interface Pair {
  readonly there: Edge;
  readonly back: Edge;
}

function waysOf(edges: readonly Edge[]): ReadonlyMap<string, Edge> {
  return new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
}

/** Of nodes that answer us, and for no reason but the network. Each pair once, the failing way first. */
function cutPairs({ edges, picture }: Case): Pair[] {
  const isCut = ({ reached, kind }: Edge): boolean => !reached && (kind === "refused" || kind === "cut" || kind === "silent" || kind === "other" || kind === "stalled");
  const failed = edges.filter((edge) => isCut(edge) && picture.stateOf(edge.to) === "answers");
  const ways = waysOf(edges);
  const done = new Set<string>();
  return failed.flatMap((there) => {
    const back = ways.get(`${there.to} ${there.from}`);
    const key = [there.from, there.to].toSorted().join(" ");
    if (back === undefined || done.has(key) || (!back.reached && !isCut(back))) return [];
    done.add(key);
    return [{ there, back }];
  });
}

/** Nodes that reach each other on both ways, directly or through others; the largest group first. */
function islandsOf({ picture, edges }: Case): string[][] {
  const left = new Set(runningNodes(picture).map(({ nodeId }) => nodeId));
  const ways = waysOf(edges);
  const joined = (from: string, to: string): boolean => ![`${from} ${to}`, `${to} ${from}`].some((way) => ways.get(way)?.reached === false);
  const islands: string[][] = [];
  for (const first of left) {
    const island = [first];
    left.delete(first);
    for (const id of island) {
      for (const other of left) {
        if (!joined(id, other)) continue;
        left.delete(other);
        island.push(other);
      }
    }
    islands.push(island);
  }
  return islands.toSorted((one, other) => other.length - one.length);
}
