// Why nobody leads though the nodes are there: nobody who may lead has the longest log, two configurations, or only time. And what makes leaders come
// and go: a process that is late, and clocks that are not what people think.

import { cause, listed, runningNodes, severityOf, type Case, type Rule } from "../case.ts";
import type { Action } from "../cause.ts";
import type { Candidacy } from "../election.ts";
import { compareLogs, groupsOf, majorityOf, votersOf } from "../picture.ts";
import { recover, restartNode, startNode } from "../remedy.ts";
import type { NodeFacts } from "../../../wire/node-facts.ts";
import type { Examined } from "../examined.ts";

/** S96: whoever has the longest log may not lead, and whoever may lead has not the longest log. */
export const noEligibleCandidate: Rule = (found) => {
  const { candidates, blocked } = found;
  const barred = candidates.filter(({ id, clauses }) => clauses.some((clause) => clause.voter === id && clause.obstacle === "ineligible"));
  const severity = severityOf(found, ({ voter, obstacle }) => obstacle === "ineligible" || (obstacle === "longer-log" && barred.some(({ id }) => id === voter)));
  if (!blocked || barred.length === 0 || severity !== "outage") return [];
  const names = barred.map(({ name }) => name);
  return [cause("no-eligible-candidate", severity, {
    nodes: names, summary: `nobody may lead: ${listed(names)} ${names.length === 1 ? "is" : "are"} not master-eligible, and the others cannot win`,
    evidence: candidates.map(({ text }) => text), actions: electSomebody(found, barred.map(({ id }) => id)),
  })];
};

/** The entries that only the ineligible one holds may be committed: no vote can be talked around that. */
function electSomebody({ picture, candidates }: Case, barred: readonly string[]): Action[] {
  const absent = candidates.filter(({ id }) => !barred.includes(id) && ["down", "stopped", "unreachable", "stalled"].includes(picture.stateOf(id)));
  const local = barred.filter((id) => picture.nodes.get(id)?.masterEligible === false && picture.configuration.members.find((member) => member.id === id)?.masterEligible !== false);
  return [
    ...absent.map(({ id, name }) => ({ ...startNode(picture, id), text: `bring back ${name}, which may lead and may have the longest log` })),
    ...local.map((id) => restartNode(picture, id, `let ${picture.name(id)} lead: set masterEligible to true in its configuration and restart it`)),
    ...givenUp(absent.length + local.length > 0 ? absent : candidates.filter(({ id }) => !barred.includes(id))).map((dead) => recover(picture, dead)),
  ];
}

function givenUp(candidates: readonly Candidacy[]): string[][] {
  return candidates.length === 0 ? [] : [candidates.map(({ name }) => name)];
}

export const configurationsDiffer: Rule = (found) => {
  const { picture } = found;
  if (picture.leader !== undefined || picture.source === undefined) return [];
  const own = (facts: NodeFacts): string => describe(picture, facts.raft.membership);
  const wanted = own(picture.source);
  const voters = [...picture.nodes.values()].filter(({ nodeId, raft }) => votersOf(picture.configuration).includes(nodeId) && raft.membership.voters.length > 0);
  const others = voters.filter((facts) => own(facts) !== wanted);
  const half = halfAlive(found, voters);
  const joint = picture.groups.length > 1 && !picture.offline;
  // An older configuration on a node that is merely behind is no conflict; two of one index are.
  if (!half && !joint && !others.some(({ raft }) => raft.membershipIndex === picture.source!.raft.membershipIndex)) return [];
  const evidence = [picture.source, ...others].map((facts) => `${facts.name}: ${own(facts)} (index ${facts.raft.membershipIndex}, committed up to ${facts.raft.commitIndex})`);
  const summary = others.length > 0 ? `${listed([...new Set(others.map(({ name }) => name))])} and ${picture.source.name} know different configurations` : "a membership change is half done: until it is, every decision needs both majorities";
  return [cause("configurations-differ", half ? "outage" : "degraded", {
    nodes: others.map(({ name }) => name), summary, evidence,
    actions: [{ text: "bring the voters of both configurations together: whoever wins then finishes or undoes the change", command: null }],
  })];
};

/** What is left is a majority of one configuration that may be in force, and none of another that has to agree: a change stopped half-way. */
function halfAlive({ picture, blocked }: Case, voters: readonly NodeFacts[]): boolean {
  const commitIndex = Math.max(...voters.map(({ raft }) => raft.commitIndex));
  const open = picture.source!.raft.membershipIndex > commitIndex;
  const groups = [...picture.groups, ...(open ? voters.flatMap(({ raft }) => groupsOf(raft.membership)) : [])];
  const alive = groups.filter((group) => group.filter((id) => picture.nodes.get(id)?.source === "live").length >= majorityOf(group));
  return blocked && alive.length > 0 && alive.length < groups.length;
}

function describe(picture: Case["picture"], { voters, votersOutgoing }: NodeFacts["raft"]["membership"]): string {
  const set = (ids: readonly string[]): string => `{${ids.map((id) => picture.name(id)).toSorted().join(",")}}`;
  return votersOutgoing.length === 0 ? set(voters) : `${set(votersOutgoing)} -> ${set(voters)}`;
}

/** No known cause stands in the way and yet nobody can win: the clauses speak for themselves. */
export const electionBlocked: Rule = ({ picture, blocked, candidates }) => {
  const awaited = runningNodes(picture).some(({ process }) => process?.join !== null && process?.join !== undefined);
  if (!blocked || picture.offline || (candidates.length === 0 && awaited)) return [];
  return [cause("election-blocked", "outage", {
    nodes: [], summary: "nobody can win an election", evidence: candidates.length === 0 ? ["no node knows of any voter"] : candidates.map(({ text }) => text),
    actions: [{ text: "remove what the clauses name, beginning with the node that has the longest log", command: null }],
  })];
};

export const electionUnderWay: Rule = ({ picture, blocked, candidates }) => {
  const winners = candidates.filter(({ canWin }) => canWin);
  if (picture.leader !== undefined || blocked || picture.offline || winners.length === 0) return [];
  const longest = winners.toSorted((left, right) => byLog(picture, right.id, left.id))[0]!;
  return [cause("election-under-way", "outage", {
    nodes: winners.map(({ name }) => name), summary: `nobody leads yet; ${listed(winners.map(({ name }) => name))} can win`,
    evidence: [longest.text, ...runningNodes(picture).map(({ name, raft }) => `${name} is ${raft.role ?? "stopped"} in term ${raft.term}`)],
    actions: [{ text: "an election takes about an election timeout: wait for it, and look again", command: "raftctl wait --for leader" }],
  })];
};

function byLog({ nodes }: Case["picture"], left: string, right: string): number {
  const [one, other] = [nodes.get(left), nodes.get(right)];
  if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1;
  return compareLogs(one, other);
}

export const eventLoopLate: Rule = ({ picture, blocked }) => {
  const late = runningNodes(picture).filter(({ process, electionTimeoutMs }) => (process?.eventLoopLagP99Ms ?? 0) > (electionTimeoutMs ?? Number.POSITIVE_INFINITY) / 2);
  if (late.length === 0) return [];
  const names = late.map(({ name }) => name);
  return [cause("event-loop-late", picture.leader === undefined && !blocked ? "outage" : "degraded", {
    nodes: names, summary: `the process of ${listed(names)} gets too little time: its heartbeats and answers are late`,
    evidence: late.map(({ name, process, electionTimeoutMs }) => `${name}: event loop p99 ${Math.round(process!.eventLoopLagP99Ms)} ms late, election timeout ${electionTimeoutMs} ms`),
    actions: [{ text: `give ${listed(names)} more processor time, or raise raft.electionTimeout on every node`, command: "raftctl config show --origin" }],
  })];
};

/** Elections use no wall clock, so this never costs a leader; people, certificates and logs do. */
export const clockWrong: Rule = ({ picture }) => {
  const skews = picture.examined.flatMap((place) => skewOf(place));
  const middle = median(skews.map(({ skewMs }) => skewMs));
  const off = skews.filter(({ skewMs, tookMs }) => Math.abs(skewMs - middle) > clockToleranceMs + tookMs);
  const jumped = runningNodes(picture).filter(({ process }) => Math.abs(process?.wallClockJumpMs ?? 0) > clockToleranceMs);
  const names = [...new Set([...off, ...jumped].map(({ name }) => name))];
  if (names.length === 0) return [];
  return [cause("clock-wrong", "degraded", {
    nodes: names, summary: `the wall clock of ${listed(names)} is wrong or was set; elections do not depend on it`,
    evidence: [
      ...off.map(({ name, skewMs }) => `${name} is ${seconds(skewMs - middle)} ${skewMs > middle ? "ahead of" : "behind"} the others`),
      ...jumped.map(({ name, process }) => `on ${name} the clock has moved by ${seconds(process!.wallClockJumpMs)} since the daemon was started, or the machine slept`),
    ],
    actions: [{ text: `let a time service keep the clock of ${listed(names)}`, command: "timedatectl status" }],
  })];
};

const clockToleranceMs = 5_000;

function skewOf({ facts, answered }: Examined): { name: string; skewMs: number; tookMs: number }[] {
  if (facts?.process === null || facts?.process === undefined || answered === undefined) return [];
  return [{ name: facts.name, skewMs: facts.process.wallClockMs - answered.wallClockMs, tookMs: answered.tookMs }];
}

/** Of an even number the lower middle: with two nodes the other one is said to be ahead. */
function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor((values.length - 1) / 2)] ?? 0;
}

function seconds(ms: number): string {
  return `${Math.abs(Math.round(ms / 100) / 10)} s`;
}
