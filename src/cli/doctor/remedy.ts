// What to do, in words and as a command that can be pasted: addresses, directories and names are filled in where anybody knows them, and stand in
// capitals where nobody does.

import type { Action } from "./cause.ts";
import type { Picture } from "./picture.ts";
import { shellWord } from "./shell-word.ts";

export function startNode(picture: Picture, id: string): Action {
  const directory = dataDirFlag(picture, id);
  return { text: `start ${picture.name(id)}${directory === "" ? ", on its machine" : ""}`, command: `raftctl daemon start${directory}` };
}

/** From a directory whose daemon does not run. */
export function startAt(name: string, dataDir: string): Action {
  return { text: `start ${name}`, command: `raftctl daemon start --data-dir ${shellWord(dataDir)}` };
}

export function restartNode(picture: Picture, id: string, text: string): Action {
  return { text: `${text}${onMachine(picture, picture.name(id))}`, command: `raftctl daemon restart${dataDirFlag(picture, id)}` };
}

export function stopNode(picture: Picture, { name, dataDir }: { readonly name: string; readonly dataDir: string }, why: string): Action {
  return { text: `stop ${name}${onMachine(picture, name)}; ${why}`, command: `raftctl daemon stop --data-dir ${shellWord(dataDir)}` };
}

export function removeMember({ leader }: Picture, name: string): Action {
  const when = leader === undefined ? `as soon as somebody leads, remove ${name} from the cluster` : `remove ${name} from the cluster, on a node that is well`;
  return { text: when, command: `raftctl member remove ${shellWord(name)}` };
}

/** A rejoined node is a new one: the old identity must not come back without what it had acknowledged. */
export function joinAnew(picture: Picture, name: string, dataDir: string): Action {
  return { text: `let ${name} join as a new node${onMachine(picture, name)}; what its directory holds is moved aside`, command: `raftctl join ${shellWord(seed(picture, name))} --name ${shellWord(name)} --data-dir ${shellWord(dataDir)} --fresh` };
}

export function joinFirst(picture: Picture, text: string): Action {
  return { text, command: `raftctl join ${shellWord(seed(picture, undefined))}` };
}

export function readvertise(picture: Picture, { id, name }: { readonly id: string; readonly name: string }, kind: "peer" | "client"): Action {
  const own = picture.nodes.get(id)?.addresses?.[kind];
  const known = picture.configuration.members.find((member) => member.id === id);
  const wrong = kind === "peer" ? known?.peerAddress : known?.clientAddress;
  const address = own === undefined || own === wrong ? "HOST:PORT" : own;
  return picture.leader === undefined
    ? { text: `restart ${name}${onMachine(picture, name)}, with the address at which the others reach it; it tells them itself`, command: `raftctl daemon restart --advertise-${kind} ${shellWord(address)}${dataDirFlag(picture, id)}` }
    : { text: `tell the cluster where ${name} is`, command: `raftctl member update ${shellWord(name)} --advertise-${kind} ${shellWord(address)}` };
}

/** For what is lost for good, and only then. */
export function recover(picture: Picture, dead: readonly string[]): Action {
  const isMember = ({ nodeId }: { readonly nodeId: string }): boolean => picture.configuration.members.some(({ id }) => id === nodeId);
  const left = [...picture.nodes.values()].filter((facts) => isMember(facts) && !dead.includes(facts.name));
  const lost = `only if ${dead.join(", ")} ${dead.length === 1 ? "is" : "are"} lost for good: stop`;
  const [only, second] = left;
  if (only === undefined) return { text: `${lost} what is left and recover from it`, command: null };
  if (second !== undefined) return { text: `${lost} ${left.map(({ name }) => name).join(", ")} and collect from each what it holds; the plan made of that says first what would be lost`, command: `raftctl recover collect --data-dir ${shellWord(only.dataDir)} --out ${shellWord(only.name)}.survivor` };
  return { text: `${lost} ${only.name} and recover from it; the plan says first what would be lost`, command: `raftctl recover plan --data-dir ${shellWord(only.dataDir)} --dead ${dead.map(shellWord).join(",")} --out recovery.plan` };
}

export function mendNetwork(picture: Picture, from: string, to: string): Action {
  const address = peerAddressOf(picture, to);
  const command = address === undefined ? null : `raftctl discovery probe --discovery ${shellWord(`static:${address}`)}`;
  return { text: `let ${picture.name(from)} reach ${picture.name(to)}${address === undefined ? "" : ` at ${address}`}: look at firewalls, routes and security groups on that way`, command };
}

export function peerAddressOf({ configuration }: Picture, id: string): string | undefined {
  return configuration.members.find((member) => member.id === id)?.peerAddress;
}

/** The peer address of somebody who is there, the leader before all others. */
function seed({ nodes, leader, configuration }: Picture, except: string | undefined): string {
  const answers = configuration.members.filter(({ id, name }) => name !== except && nodes.get(id)?.source === "live");
  return (answers.find(({ id }) => id === leader) ?? answers[0])?.peerAddress ?? "HOST:PORT";
}

/** A command with a directory in it is for one machine, and here the same path may be another node's: only what was looked at by its path lies here. */
export function onMachine({ examined }: Picture, name: string): string {
  const isHere = examined.some(({ place, facts, directory }) => place.includes("/") && (facts?.name === name || directory?.node?.name === name || place === name));
  return isHere ? "" : ", on its machine";
}

function dataDirFlag({ nodes, examined }: Picture, id: string): string {
  const directory = nodes.get(id)?.dataDir ?? examined.find((place) => place.directory?.node?.id === id)?.place;
  return directory === undefined ? "" : ` --data-dir ${shellWord(directory)}`;
}
