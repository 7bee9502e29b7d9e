// Goes round and collects: the daemons that the caller named, the directories, and through the memberships that these know every further member at its
// client address. All at once, each within the same time limit; whoever gives no answer is a finding. Decides nothing.

import { dirname } from "node:path";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import { adminSocketPath } from "../../config/socket-path.ts";
import type { NodeFacts } from "../../wire/node-facts.ts";
import type { Target } from "../endpoint.ts";
import { homeOf, type DirectoryTrouble, type Examined, type Forming } from "./examined.ts";
import { checkFacts, checkFormation } from "./facts-check.ts";

/** What daemon/offline.ts finds in a directory, which this floor may not know. */
export type DirectoryFinding =
  | { readonly state: "facts"; readonly facts: NodeFacts }
  | { readonly state: "empty" }
  | { readonly state: "forming"; readonly name: string; readonly source: string; readonly expect: number }
  | { readonly state: "wiped" | "damaged"; readonly node: { readonly id: string; readonly name: string } | null; readonly code: string; readonly message: string };

export interface Round {
  /** The daemons at hand: each of the addresses is asked; undefined when only directories are meant. */
  readonly target: Target | undefined;
  readonly dataDirs: readonly string[];
  /** Of the daemon at hand, for when it does not answer; undefined: where its socket lies. */
  readonly home: string | undefined;
  /** Of each question, ms. */
  readonly timeoutMs: number;
  readonly examineDirectory: (dataDir: string) => Promise<DirectoryFinding>;
  readonly env: NodeJS.ProcessEnv;
}

/** However many members an answer names, no more addresses than this are asked. */
const membersAskedMax = 256;

/** @throws what the daemon at hand met, when neither it nor its directory nor anybody else says anything. */
export async function collect(round: Round): Promise<Examined[]> {
  const failures: RaftctlError[] = [];
  const { socket, endpoints = [] } = round.target ?? {};
  const named = await Promise.all([
    ...(socket === undefined ? [] : [examineSocket(round, socket, failures)]),
    ...endpoints.map((endpoint) => examineEndpoint(round, endpoint, failures)),
    ...round.dataDirs.map((dataDir) => examineDataDir(round, dataDir)),
  ]);
  const all = round.target === undefined ? named : [...named, ...(await examineMembers(round, named))];
  const said = all.filter(({ facts, directory, forming }) => facts !== undefined || forming !== undefined || (directory !== undefined && round.dataDirs.length > 0));
  if (said.length === 0 && failures[0] !== undefined) throw failures[0];
  return withoutRepeats(oneRecordEach(all));
}

// ── one place ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the directory says of a daemon that does not answer is better than nothing. */
async function examineSocket(round: Round, socket: string, failures: RaftctlError[]): Promise<Examined> {
  const asked = await ask({ socket }, round, { place: socket, expected: undefined }, failures);
  if (asked.facts !== undefined || asked.forming !== undefined) return asked;
  const home = round.home ?? dirname(socket);
  const found = placeOf(home, await round.examineDirectory(home));
  const { facts, forming } = found;
  return { ...asked, facts, forming, directory: found.directory?.state === "empty" ? undefined : found.directory, place: facts === undefined && forming === undefined ? socket : found.place };
}

function examineEndpoint(round: Round, endpoint: string, failures: RaftctlError[]): Promise<Examined> {
  return ask({ endpoints: [endpoint] }, round, { place: endpoint, expected: undefined }, failures);
}

/** A directory whose daemon runs is asked instead of read: its log is being written. */
async function examineDataDir(round: Round, dataDir: string): Promise<Examined> {
  const asked = await ask({ socket: adminSocketPath(dataDir, round.env) }, round, { place: dataDir, expected: undefined }, []);
  if (asked.facts !== undefined || asked.forming !== undefined) return asked;
  const found = placeOf(dataDir, await round.examineDirectory(dataDir));
  // Nobody listening is what a stopped node looks like; a daemon that is there and silent is a finding.
  const stuck = asked.silence !== undefined && !/ENOENT|ECONNREFUSED|ENOTDIR|EACCES/.test(asked.silence.message);
  return stuck ? { ...found, silence: asked.silence } : found;
}

function placeOf(place: string, finding: DirectoryFinding): Examined {
  const nothing: Examined = { place, expected: undefined, silence: undefined, answered: undefined, facts: undefined, directory: undefined, forming: undefined };
  if (finding.state === "facts") return { ...nothing, facts: finding.facts };
  if (finding.state !== "forming") return { ...nothing, directory: troubleOf(place, finding) };
  const { name, source, expect } = finding;
  return { ...nothing, forming: { name, source, expect, progress: undefined } };
}

function troubleOf(place: string, finding: Exclude<DirectoryFinding, { state: "facts" | "forming" }>): DirectoryTrouble {
  if (finding.state === "empty") return { state: "empty", node: undefined, code: "NOT_INITIALIZED", message: `${place} holds no node` };
  const { state, node, code, message } = finding;
  return { state, node: node ?? undefined, code, message };
}

export type Address = { readonly socket: string } | { readonly endpoints: readonly string[] };

/** Where the daemon of a place that was looked at is asked. */
export function addressOf({ target, dataDirs, env }: Round, place: string): Address {
  if (dataDirs.includes(place)) return { socket: adminSocketPath(place, env) };
  return place === target?.socket ? { socket: place } : { endpoints: [place] };
}

async function ask(address: Address, { timeoutMs, target }: Round, who: Pick<Examined, "place" | "expected">, failures: RaftctlError[]): Promise<Examined> {
  const client = new Client({ ...address, timeoutMs, origin: who.expected === undefined ? (target?.origin ?? who.place) : `the membership (${who.expected.name})` });
  const began = performance.now();
  const nothing = { ...who, facts: undefined, silence: undefined, directory: undefined, answered: undefined, forming: undefined };
  try {
    const answer: unknown = await client.admin.call("diagnose", {});
    const answered = { wallClockMs: Date.now(), tookMs: Math.round(performance.now() - began) };
    return { ...nothing, facts: checkFacts(answer), answered };
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    const forming = error.code === "NOT_READY" ? await formingOf(client) : undefined;
    if (forming !== undefined) return { ...nothing, forming };
    failures.push(error.code === "INCOMPATIBLE" ? new RaftctlError("INCOMPATIBLE", `${who.place}: ${error.message}`, { cause: error }) : error);
    return { ...nothing, silence: { code: error.code, message: error.message } };
  } finally {
    client.close();
  }
}

/** undefined when it does not form a cluster: it is just being started, or it is gone again. */
async function formingOf(client: Client): Promise<Forming | undefined> {
  try {
    const answer: unknown = await client.admin.call("formation", {});
    if (answer === null) return undefined;
    const progress = checkFormation(answer);
    return { name: client.server?.name ?? "a node", source: progress.source, expect: progress.expect, progress };
  } catch {
    return undefined;
  }
}

// ── everybody else ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Until nobody knows of anybody new: whoever answers may know a newer membership. */
async function examineMembers(round: Round, named: readonly Examined[]): Promise<Examined[]> {
  const found: Examined[] = [];
  const asked = new Set<string>();
  for (;;) {
    const answers = [...named, ...found].filter(({ facts }) => facts?.source === "live").map(({ facts }) => facts!.nodeId);
    const members = [...named, ...found].flatMap(({ facts }) => facts?.raft.membership.members ?? []);
    const unasked = members.filter(({ id, clientAddress }) => !answers.includes(id) && !asked.has(`${id} ${clientAddress}`)).map((member) => [`${member.id} ${member.clientAddress}`, member] as const);
    const open = new Map([...new Map(unasked)].slice(0, membersAskedMax - asked.size));
    if (open.size === 0) return found;
    for (const key of open.keys()) asked.add(key);
    found.push(...(await Promise.all([...open.values()].map(({ id, name, clientAddress }) => ask({ endpoints: [clientAddress] }, round, { place: clientAddress, expected: { id, name } }, [])))));
  }
}

/** A directory and the address where its daemon should answer are one node: the silence is noted beside what the directory says. */
function oneRecordEach(all: readonly Examined[]): Examined[] {
  const idOf = ({ facts, directory }: Examined): string | undefined => (facts?.source === "directory" ? facts.nodeId : directory?.node?.id);
  const isSilent = ({ facts, directory, expected, silence }: Examined): boolean => facts === undefined && directory === undefined && expected !== undefined && silence !== undefined;
  const known = new Set(all.map(idOf));
  return all.filter((place) => !(isSilent(place) && known.has(place.expected!.id))).map((place) => {
    const id = idOf(place);
    const silence = id === undefined ? undefined : all.find((other) => isSilent(other) && other.expected?.id === id)?.silence;
    return silence === undefined || place.silence !== undefined ? place : { ...place, silence };
  });
}

/** A node that was reached on two ways is one node; an address where it failed and another where it answered are no fault, and one silence is told once. */
function withoutRepeats(all: readonly Examined[]): Examined[] {
  const seen = new Set<string>();
  const answering = new Set(all.flatMap(({ facts }) => (facts?.source === "live" ? [facts.nodeId] : [])));
  const expectedAt = new Set(all.flatMap(({ place, expected }) => (expected === undefined ? [] : [place])));
  return all.filter(({ facts, expected, silence, place }) => {
    if (facts === undefined) return silence === undefined || (expected === undefined ? !expectedAt.has(place) : !answering.has(expected.id));
    const key = `${facts.nodeId} ${homeOf(facts)} ${expected === undefined || expected.id === facts.nodeId ? "" : expected.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
