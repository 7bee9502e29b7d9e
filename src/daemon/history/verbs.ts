// What the command line asks for: the history of a key from logs that it has opened, from the snapshots that these logs stand on, and from files that it names.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { HistorySource, KeyHistory } from "../../wire/key-history.ts";
import type { LogSource } from "../../wire/log-inspection.ts";
import { checkedRows } from "../backup/content-check.ts";
import { withImageFile, type ImageHeader } from "../backup/image-file.ts";
import { BaseState } from "./base-state.ts";
import { committedLog, readPiece, type CommittedLog } from "./committed-log.ts";
import { Influences } from "./influences.ts";
import { Reconstruction } from "./reconstruction.ts";

export interface HistoryEvidence {
  /** Opened; the caller closes them. At least one. */
  readonly logs: readonly LogSource[];
  /** Backups and snapshots. */
  readonly files: readonly string[];
}

interface StateFile {
  readonly path: string;
  /** Nobody has named it: when it is gone, or is not ours to read, there is no harm. */
  readonly isDispensable: boolean;
  readonly header: Pick<ImageHeader, "clusterId" | "index" | "term">;
}

/** Of the states that were named: what was wrong with those that are not used. */
interface Findings {
  readonly damages: string[];
  readonly superseded: string[];
}

/** @throws CLUSTER_MISMATCH, NOT_FOUND, CORRUPT, INCOMPATIBLE, and what reading the logs throws */
export async function historyOf(key: Uint8Array, { logs, files }: HistoryEvidence): Promise<KeyHistory> {
  const { clusterId, node } = logs[0]!.header;
  for (const { header } of logs) checkCluster(header, header.node, { clusterId, node });
  const findings: Findings = { damages: [], superseded: [] };
  const states = [...(await namedFiles(files)), ...(await ownFiles(logs, findings))];
  for (const { header, path } of states) checkCluster(header, path, { clusterId, node });
  const committed = await committedLog(logs, states.map(({ path, header: { index, term } }) => ({ name: path, index, term })));
  const bases = await readStates(states, { key, influences: await influencesOn(key, committed), findings });
  const { events, spans } = await reconstruct(key, bases, committed);
  const committedTo = Math.max(0, ...committed.pieces.map(({ last }) => last), ...bases.map(({ index }) => index));
  return { key, committedTo, events, spans, sources: sourcesOf(committed, bases), ...findings };
}

function checkCluster(own: { readonly clusterId: string }, name: string, { clusterId, node }: { readonly clusterId: string; readonly node: string }): void {
  if (own.clusterId === clusterId) return;
  throw new RaftctlError("CLUSTER_MISMATCH", `${name} belongs to cluster ${own.clusterId}, ${node} to ${clusterId}: they have no history in common`);
}

async function namedFiles(files: readonly string[]): Promise<StateFile[]> {
  const states: StateFile[] = [];
  for (const name of files) states.push(await withImageFile(name, async ({ path, header }) => ({ path, header, isDispensable: false })));
  return states;
}

/** Of a member that runs elsewhere, or was compacted meanwhile, they are not there; a damaged one is a finding. */
async function ownFiles(logs: readonly LogSource[], findings: Findings): Promise<StateFile[]> {
  const states: StateFile[] = [];
  for (const { header } of logs) {
    for (const { file, index, term } of header.snapshots) {
      const read = (): Promise<StateFile> => withImageFile(file, async ({ path, header: found }) => ({ path, header: found, isDispensable: true }));
      const state = await unlessDamaged(findings, () => read().catch(unlessGone(file, findings)));
      // A path means something on the node's own machine only: here another file may have it.
      if (state?.header.clusterId === header.clusterId && state.header.index === index && state.header.term === term) states.push(state);
    }
  }
  return states;
}

async function unlessDamaged<T>({ damages }: Findings, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code !== "CORRUPT") throw thrown;
    damages.push(error.message);
    return undefined;
  }
}

/** Where the directory of a snapshot is there, the snapshot was; where it is not, it belongs to another machine. */
function unlessGone(path: string, { superseded }: Findings): (thrown: unknown) => Promise<undefined> {
  return async (thrown) => {
    const { code } = toRaftctlError(thrown);
    const isMissing = code === "NOT_FOUND" || (thrown as NodeJS.ErrnoException).code === "ENOENT";
    if (!isMissing && code !== "IO_ERROR") throw thrown;
    if (isMissing && (await stat(dirname(path)).catch(() => undefined)) !== undefined) superseded.push(path);
  };
}

async function influencesOn(key: Uint8Array, { pieces }: CommittedLog): Promise<Influences> {
  const influences = new Influences(key);
  for (const piece of pieces) for await (const entry of readPiece(piece, "sizes")) influences.note(entry);
  return influences;
}

interface Reading {
  readonly key: Uint8Array;
  readonly influences: Influences;
  readonly findings: Findings;
}

async function readStates(states: readonly StateFile[], { key, influences, findings }: Reading): Promise<BaseState[]> {
  const bases = [BaseState.beginning(key)];
  for (const { path, header, isDispensable } of states) {
    // States at one index of one history are the same.
    if (bases.some(({ index }) => index === header.index)) continue;
    const read = (): Promise<BaseState> => withImageFile(path, (file) => BaseState.read(path, checkedRows(file), { key, influences }));
    const base = await unlessDamaged(findings, () => (isDispensable ? read().catch(unlessGone(path, findings)) : read()));
    if (base !== undefined) bases.push(base);
  }
  return bases;
}

async function reconstruct(key: Uint8Array, bases: readonly BaseState[], { pieces, pending }: CommittedLog): Promise<Reconstruction["result"]> {
  const reconstruction = new Reconstruction(key, bases);
  for (const piece of pieces) for await (const entry of readPiece(piece, "payload")) reconstruction.take(entry, piece.log.header.node);
  reconstruction.reachLast();
  if (pending !== undefined) for await (const entry of readPiece(pending, "payload")) reconstruction.takePending(entry, pending.log.header.node);
  return reconstruction.result;
}

function sourcesOf({ pieces }: CommittedLog, bases: readonly BaseState[]): HistorySource[] {
  const states = bases.filter(({ index }) => index > 0).map(({ name, index }) => ({ kind: "state" as const, name, first: index, last: index }));
  return [...pieces.map(({ log, first, last }) => ({ kind: "log" as const, name: log.header.node, first, last })), ...states].toSorted((left, right) => left.first - right.first);
}
