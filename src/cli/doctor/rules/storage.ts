// What is wrong with disks: damage, a disk that was replaced under a node, no room, and one that is too slow for the election timeout.

import type { NodeFacts } from "../../../wire/node-facts.ts";
import { cause, listed, runningNodes, severityOf, type Case, type Rule } from "../case.ts";
import type { Action, Cause } from "../cause.ts";
import type { Examined } from "../examined.ts";
import { majorityOf, votersOf, type Picture } from "../picture.ts";
import { joinAnew, joinFirst, onMachine, removeMember } from "../remedy.ts";
import { shellWord } from "../shell-word.ts";

function replaceNode(picture: Picture, name: string, place: string): Action[] {
  return [removeMember(picture, name), joinAnew(picture, name, place)];
}

function mend(picture: Picture, { place, directory: { code, node } }: Examined & { readonly directory: NonNullable<Examined["directory"]> }): Action[] {
  if (code !== "CORRUPT") return [{ text: `make ${place} readable for this user and look again`, command: null }];
  if (node !== undefined) return replaceNode(picture, node.name, place);
  return [{ text: `find out whose directory ${place} is: that node is removed from the cluster and joins again with an empty one; this one is kept aside`, command: "raftctl member list" }];
}

const unreadable = (found: Case, state: "wiped" | "damaged"): (Examined & { directory: NonNullable<Examined["directory"]> })[] =>
  found.picture.examined.flatMap((place) => (place.directory?.state === state ? [{ ...place, directory: place.directory }] : []));

export const directoryDamaged: Rule = (found) => unreadable(found, "damaged").filter(({ directory }) => directory.code !== "INCOMPATIBLE").map((damaged) => {
  const { place, directory } = damaged;
  const name = directory.node?.name ?? place;
  return cause("directory-damaged", severityOf(found, ({ voter, obstacle }) => voter === directory.node?.id && obstacle === "damaged"), {
    damage: directory.code === "CORRUPT", nodes: directory.node === undefined ? [] : [name],
    summary: `${name} cannot start: ${directory.code === "CORRUPT" ? "its directory is damaged" : "its directory cannot be read"}`,
    evidence: [`${place}: ${directory.message}`],
    actions: mend(found.picture, damaged),
  });
});

export const wipedDisk: Rule = (found) => [...wipedDirectories(found), ...emptyDirectories(found), ...forgetfulNodes(found)];

function wipedDirectories(found: Case): Cause[] {
  return unreadable(found, "wiped").map(({ place, directory }) => {
    const name = directory.node?.name ?? place;
    return cause("wiped-disk", severityOf(found, ({ voter, obstacle }) => voter === directory.node?.id && obstacle === "damaged"), {
      damage: true, nodes: [name], summary: `the log of ${name} is gone: its disk was lost or replaced`, evidence: [`${place}: ${directory.message}`], actions: replaceNode(found.picture, name, place),
    });
  });
}

function emptyDirectories({ picture }: Case): Cause[] {
  return picture.examined.filter(({ directory }) => directory?.state === "empty").map(({ place }) => cause("wiped-disk", "degraded", {
    nodes: [], summary: `${place} holds no node: its disk was wiped, or it is the wrong path`, evidence: [`${place} has no identity and no log`],
    actions: [joinFirst(picture, "give the right --data-dir; if the disk was wiped, remove the old member, and join again from there")],
  }));
}

/** Nodes that run and hold less than the others have proof of. */
function forgetfulNodes(found: Case): Cause[] {
  const { picture } = found;
  return [...picture.nodes.values()].flatMap((facts) => {
    const evidence = forgottenBy(found, facts);
    if (evidence.length === 0) return [];
    return cause("wiped-disk", severityOf(found, ({ voter, obstacle }) => obstacle === "incarnation" || (voter === facts.nodeId && obstacle === "not-voter")), {
      nodes: [facts.name], summary: `${facts.name} came back with an older or empty disk and is not trusted with a vote`, evidence, actions: replaceNode(picture, facts.name, facts.dataDir),
    });
  });
}

function forgottenBy({ picture, edges }: Case, { nodeId, name, raft, incarnation }: NodeFacts): string[] {
  const evidence: string[] = [];
  const voter = votersOf(picture.configuration).includes(nodeId);
  if (voter && raft.lastIndex === 0 && (picture.source?.raft.lastIndex ?? 0) > 0) evidence.push(`${name} is a voter and its log is empty`);
  const member = picture.configuration.members.find(({ id }) => id === nodeId);
  if (member !== undefined && member.incarnation > incarnation) evidence.push(`${name} has incarnation ${incarnation}, the cluster knows ${member.incarnation}`);
  for (const node of picture.nodes.values()) {
    if (node.peers.some(({ id, replication }) => id === nodeId && replication === "regressed")) evidence.push(`${node.name} has acknowledgements of ${name} for more than its log holds`);
  }
  if (evidence.length === 0 && edges.some(({ from, reason }) => from === nodeId && reason === "INCARNATION_REFUSED")) evidence.push(`others refuse the incarnation of ${name}`);
  return evidence;
}

export const diskFull: Rule = ({ picture }) => {
  const full = runningNodes(picture).filter(({ disk }) => disk.readOnly);
  if (full.length === 0) return [];
  const isFull = (id: string): boolean => full.some(({ nodeId }) => nodeId === id);
  const stopsWrites = (picture.leader !== undefined && isFull(picture.leader)) || picture.groups.some((group) => group.filter((id) => !isFull(id)).length < majorityOf(group));
  const names = full.map(({ name }) => name);
  return [cause("disk-full", stopsWrites ? "outage" : "degraded", {
    nodes: names, summary: `the disk of ${listed(names)} is full: ${stopsWrites ? "no write is taken" : "the others go on without it"}`,
    evidence: full.map(({ name, dataDir }) => `${name} is read-only: no room, or no quota, for ${dataDir}`),
    actions: full.map(({ name, dataDir }) => ({ text: `free some space for ${dataDir} of ${name}${onMachine(picture, name)}; nothing has to be restarted`, command: `df -h ${shellWord(dataDir)}` })),
  })];
};

export const diskSlow: Rule = (found) => {
  const slow = runningNodes(found.picture).flatMap((facts) => {
    const evidence = slowness(facts);
    return evidence === undefined ? [] : [{ facts, evidence }];
  });
  if (slow.length === 0) return [];
  const names = slow.map(({ facts }) => facts.name);
  return [cause("disk-slow", restless(found) ? "outage" : "degraded", {
    nodes: names, summary: `the disk of ${listed(names)} is too slow for the election timeout: leaders come and go, or writes stall`, evidence: slow.map(({ evidence }) => evidence),
    actions: [{ text: `give ${listed(names)} a disk of its own, or raise raft.electionTimeout on every node and restart them one by one`, command: "raftctl config show --origin" }],
  })];
};

/** No leader, though nothing stands in the way of one. */
function restless({ picture, blocked }: Case): boolean {
  return picture.leader === undefined && !blocked && !picture.offline;
}

function slowness({ name, disk, electionTimeoutMs }: NodeFacts): string | undefined {
  if (electionTimeoutMs === null) return undefined;
  if (disk.pendingMs !== null && disk.pendingMs > electionTimeoutMs) return `${name}: a write has been waiting for the disk for ${Math.round(disk.pendingMs)} ms`;
  if (disk.fsyncP99Ms === null || disk.fsyncP99Ms <= electionTimeoutMs / 2) return undefined;
  return `${name}: fsync p99 ${Math.round(disk.fsyncP99Ms)} ms, election timeout ${electionTimeoutMs} ms`;
}
