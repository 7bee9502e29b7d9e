// Who is who: nodes of another cluster, of an older incarnation of this one, of another version, with another key; one identity in two places; and
// members that are not where the cluster looks for them.

import type { NodeFacts } from "../../../wire/node-facts.ts";
import { cause, listed, oftenest, runningNodes, severityOf, type Case, type Rule } from "../case.ts";
import type { Action, Cause } from "../cause.ts";
import { homeOf, kindOf } from "../examined.ts";
import { votersOf } from "../picture.ts";
import { joinAnew, joinFirst, readvertise, stopNode } from "../remedy.ts";

export const differentClusters: Rule = (found) => {
  const { picture, edges } = found;
  const strangers = picture.strangers.map((facts) => ({ name: facts.name, evidence: `${facts.name} (${facts.dataDir}) belongs to cluster ${facts.clusterId}, the others to ${picture.clusterId}` }));
  const met = edges.filter(({ reason }) => reason === "CLUSTER_MISMATCH").map(({ from, to }) => ({ name: picture.name(to), evidence: `${picture.name(from)} finds another cluster at the address of ${picture.name(to)}` }));
  const all = [...strangers, ...met];
  if (all.length === 0) return [];
  const names = [...new Set(all.map(({ name }) => name))];
  return [cause("different-clusters", severityOf(found, ({ obstacle }) => obstacle === "other-cluster" || obstacle === "wrong-address"), {
    nodes: names, summary: `${listed(names)} ${names.length === 1 ? "belongs" : "belong"} to another cluster`, evidence: all.map(({ evidence }) => evidence),
    actions: [joinFirst(picture, `start ${listed(names)} on the right directory; a node that was set up with init by mistake gets an empty one and joins`)],
  })];
};

export const tlsMismatch: Rule = (found) => {
  const { picture, edges } = found;
  const failed = edges.filter(({ kind }) => kind === "tls");
  if (failed.length === 0) return [];
  const names = oftenest(failed.flatMap(({ from, to }) => [picture.name(from), picture.name(to)]));
  return [cause("tls-mismatch", severityOf(found, ({ obstacle }) => obstacle === "tls"), {
    nodes: names, summary: `${listed(names)} and the others do not accept each other's keys`,
    evidence: failed.map(({ from, to, reason }) => `${picture.name(from)} cannot set up an encrypted connection to ${picture.name(to)} (${reason})`),
    actions: [{ text: `give ${listed(names)} the key and certificate that the other nodes have, and restart it`, command: "raftctl config show --origin" }],
  })];
};

export const versionMismatch: Rule = (found) => {
  const { picture, edges } = found;
  const { source } = picture;
  const odd = [...picture.nodes.values()].filter(({ protocol, dataFormat }) => source !== undefined && (protocol !== source.protocol || dataFormat !== source.dataFormat));
  const refused = edges.filter(({ kind }) => kind === "version");
  const directories = picture.examined.filter(({ directory }) => directory?.code === "INCOMPATIBLE");
  const strange = picture.examined.filter(({ silence }) => silence !== undefined && kindOf(silence) === "version");
  if (odd.length + refused.length + directories.length + strange.length === 0) return [];
  const names = [...new Set([...odd.map(({ name }) => name), ...refused.map(({ to }) => picture.name(to)), ...directories.flatMap(({ directory }) => directory?.node?.name ?? []), ...strange.flatMap(({ expected }) => expected?.name ?? [])])];
  return [cause("version-mismatch", severityOf(found, ({ voter, obstacle }) => obstacle === "version" || names.includes(picture.name(voter))), {
    nodes: names, summary: `${listed(names, "a node")} and the others speak versions that do not fit together`,
    evidence: [
      ...odd.map(({ name, version, protocol, dataFormat }) => `${name} runs ${version} (protocol ${protocol}, data format ${dataFormat}), ${source!.name} ${source!.version} (protocol ${source!.protocol}, data format ${source!.dataFormat})`),
      ...refused.map(({ from, to }) => `${picture.name(from)} and ${picture.name(to)} refuse each other's protocol`),
      ...directories.map(({ place, directory }) => `${place}: ${directory!.message}`),
      ...strange.map(({ place, silence }) => `${place}: ${silence!.message}`),
    ],
    actions: [{ text: "upgrade the older side, one node after the other", command: "raftctl version" }],
  })];
};

export const duplicateId: Rule = ({ picture }) => {
  const all = picture.examined.flatMap(({ facts }) => facts ?? []);
  const twice = [...new Set(all.map(({ nodeId }) => nodeId))].flatMap((id) => {
    const homes = homesOf(all.filter(({ nodeId }) => nodeId === id));
    return homes.length > 1 ? [homes] : [];
  });
  return twice.map((copies) => cause("duplicate-id", "degraded", {
    nodes: [...new Set(copies.map(({ name }) => name))],
    summary: `node ${copies[0]!.nodeId} (${copies[0]!.name}) exists ${copies.length} times: a directory was copied, and both may vote`,
    evidence: copies.map((facts) => `${facts.dataDir}${facts.process === null ? "" : ` (pid ${facts.process.pid}, peers at ${facts.addresses?.peer ?? "-"})`} says that it is ${facts.nodeId}`),
    actions: [...leaveOne(picture, copies), joinFirst(picture, "to have a further node, let it join with an empty directory")],
  }));
};

/** The one that the cluster finds at the member's address stays. Where nobody can tell, no command is given: it could stop the wrong one. */
function leaveOne(picture: Case["picture"], copies: readonly NodeFacts[]): Action[] {
  const member = picture.configuration.members.find(({ id }) => id === copies[0]!.nodeId);
  const originals = copies.filter(({ source, addresses }) => source === "live" && addresses?.peer === member?.peerAddress);
  const others = copies.filter((facts) => facts !== originals[0]);
  const why = "only one may ever run, and the other's directory is kept aside";
  if (originals.length !== 1) return [{ text: `find out which one of ${listed(copies.map(({ dataDir }) => dataDir))} is the copy, and stop that: ${why}`, command: null }];
  return others.map(({ name, source, dataDir, addresses }) => (source === "live" ? stopNode(picture, { name: `the copy of ${name} at ${addresses?.peer ?? "an unknown address"}`, dataDir }, why) : { text: `never start ${dataDir}: ${why}`, command: null }));
}

/** One for each process, and one for each directory that none of them has. */
function homesOf(records: readonly NodeFacts[]): NodeFacts[] {
  const running = new Map(records.filter(({ source }) => source === "live").map((facts) => [homeOf(facts), facts]));
  const used = new Set([...running.values()].map(({ dataDir }) => dataDir));
  const stopped = new Map(records.filter(({ source, dataDir }) => source === "directory" && !used.has(dataDir)).map((facts) => [facts.dataDir, facts]));
  return [...running.values(), ...stopped.values()];
}

export const duplicateAddress: Rule = ({ picture }) => {
  const { members } = picture.configuration;
  const causes: Cause[] = [];
  for (const [kind, addressOf] of [["peer", (member: Member) => member.peerAddress], ["client", (member: Member) => member.clientAddress]] as const) {
    const shared = members.filter((member) => members.some((other) => other !== member && addressOf(other) === addressOf(member)));
    if (shared.length === 0) continue;
    const names = shared.map(({ name }) => name);
    causes.push(cause("duplicate-address", "degraded", {
      nodes: names, summary: `${listed(names)} have the same ${kind} address: only one of them can be reached`,
      evidence: shared.map((member) => `${member.name} is said to be at ${addressOf(member)}`),
      actions: [readvertise(picture, shared.at(-1)!, kind)],
    }));
  }
  return causes;
};

type Member = NodeFacts["raft"]["membership"]["members"][number];

export const wrongAddress: Rule = (found) => {
  const { picture } = found;
  return picture.configuration.members.flatMap((member) => {
    const evidence = [...answeredByOthers(found, member), ...movedAway(found, member)];
    if (evidence.length === 0) return [];
    return [cause("wrong-address", severityOf(found, ({ voter, obstacle }) => (obstacle === "wrong-address" || obstacle === "unreachable" || obstacle === "down") && voter === member.id), {
      nodes: [member.name], summary: `${member.name} is not at the address that the cluster knows (${member.peerAddress})`, evidence, actions: [readvertise(picture, member, "peer")],
    })];
  });
};

function answeredByOthers({ picture }: Case, { id, name, peerAddress, clientAddress }: Member): string[] {
  const peers = runningNodes(picture).flatMap((node) => node.peers.filter((peer) => peer.id === id).flatMap(({ knock }) =>
    knock.ok && knock.nodeId !== id && (knock.clusterId === null || knock.clusterId === picture.clusterId) ? [`${node.name} finds ${knock.name} (${knock.nodeId}) at ${peerAddress}, the address of ${name}`] : []));
  const clients = picture.examined.flatMap(({ expected, facts, place }) =>
    expected?.id === id && facts?.source === "live" && facts.nodeId !== id ? [`${facts.name} answers at ${place}, the client address of ${name} (${clientAddress})`] : []);
  return [...peers, ...clients];
}

/** It answers us, the others find nobody, and it says itself that it is elsewhere, or cannot reach itself there either. */
function movedAway({ picture, edges }: Case, { id, name, peerAddress }: Member): string[] {
  const facts = picture.nodes.get(id);
  if (facts?.source !== "live") return [];
  const evidence: string[] = [];
  if (facts.addresses !== null && facts.addresses.peer !== peerAddress) evidence.push(`${name} says that it is at ${facts.addresses.peer}, the cluster looks for it at ${peerAddress}`);
  const inward = edges.filter(({ to }) => to === id);
  const self = facts.peers.find((peer) => peer.id === id)?.knock;
  const deaf = inward.length > 0 && inward.every(({ reached, kind }) => !reached && (kind === "refused" || kind === "silent"));
  if (deaf && self !== undefined && !self.ok && kindOf(self) !== "stalled" && kindOf(self) !== "cut") evidence.push(`nobody reaches ${name} at ${peerAddress}, not even ${name} itself`);
  return evidence;
}

export const removedNode: Rule = ({ picture }) => outsiders(picture, (facts) => !isNewcomer(facts)).map((facts) => cause("removed-node", "degraded", {
  nodes: [facts.name], summary: `${facts.name} is no member any more${facts.source === "live" ? " and still runs" : ""}`,
  evidence: [
    `the configuration of ${picture.source?.name ?? "the cluster"} at index ${picture.source?.raft.membershipIndex ?? 0} does not name ${facts.name}`,
    ...(facts.raft.removedAt === null ? [] : [`${facts.name} was told that it was removed at index ${facts.raft.removedAt}`]),
    ...(facts.raft.removedAt === null && votersOf(facts.raft.membership).includes(facts.nodeId) ? [`${facts.name} has not heard of it: its own configuration (index ${facts.raft.membershipIndex}) still names it as a voter`] : []),
  ],
  actions: [
    ...(facts.source === "live" ? [stopNode(picture, facts, "it cannot disturb the others, and it serves nobody")] : []),
    joinAnew(picture, facts.name, facts.dataDir),
  ],
}));

export const notAdmitted: Rule = ({ picture }) => outsiders(picture, isNewcomer).map(({ name, process }) => cause("not-admitted", "degraded", {
  nodes: [name], summary: `${name} wants to join and is not admitted yet`,
  evidence: [waitsFor(name, process)],
  actions: [picture.leader === undefined ? { text: "a leader has to be there first: see the other causes", command: null } : joinFirst(picture, `follow ${name}, and let it join again where it has given up`)],
}));

function waitsFor(name: string, process: NodeFacts["process"]): string {
  if (process === null) return `${name} does not run, and its log is empty`;
  const error = process.join?.error ?? null;
  return error === null ? `${name} is asking the members that it was given` : `${name} was told: ${error.message}`;
}

/** One that was admitted once has heard of it, however it ended. */
function isNewcomer({ nodeId, source, process, raft }: NodeFacts): boolean {
  const stage = process?.join?.stage;
  const isWaiting = source === "directory" ? raft.lastIndex === 0 : stage === "asking" || stage === "failed";
  return isWaiting && !raft.membership.members.some(({ id }) => id === nodeId);
}

function outsiders(picture: Case["picture"], wanted: (facts: NodeFacts) => boolean): NodeFacts[] {
  const { members } = picture.configuration;
  // Where nobody knows of any member, a newcomer is outside all the same.
  if (members.length === 0 && wanted !== isNewcomer) return [];
  const isOutside = ({ nodeId, raft }: NodeFacts): boolean => raft.removedAt !== null || !members.some(({ id }) => id === nodeId);
  return [...picture.nodes.values()].filter((facts) => isOutside(facts) && wanted(facts));
}
