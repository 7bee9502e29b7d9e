// Reads log and snapshot of a data directory whose daemon is stopped and says what a recovery needs to know of it. Changes nothing, and refuses what a start would refuse
// as damage (directory-log.ts).

import { utf8Text } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion } from "../../base/ids.ts";
import { entryTypes, type Entry } from "../../raft/entry.ts";
import { decodeMembership } from "../../raft/membership-codec.ts";
import { readIdentity, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import type { WalImage } from "../../storage/wal/recovery.ts";
import { leaseText } from "../../base/lease-id.ts";
import { commandFault, decodeCommand, type Command } from "../../wire/command.ts";
import { decodeTxn, type TxnRange } from "../../wire/txn.ts";
import { readDirectoryLog, type DirectoryLog } from "./directory-log.ts";
import type { Survivor, TermRun } from "./survivor.ts";

export interface ReadSurvivor {
  readonly identity: Identity;
  readonly survivor: Survivor;
  /** What a start of the daemon would work with. */
  readonly log: DirectoryLog;
  readonly image: WalImage;
}

/** Of what is not known to be committed; more than this is counted and not listed. */
export const tailEntriesMax = 10_000;

/** @throws NOT_INITIALIZED, CORRUPT, INCOMPATIBLE, IO_ERROR */
export async function readSurvivor(disk: Disk, directory: string, crc32: Crc32): Promise<ReadSurvivor> {
  const identity = (await disk.exists(directory)) ? await readIdentity(disk, directory, crc32) : undefined;
  if (identity === undefined) throw new RaftctlError("NOT_INITIALIZED", `${directory} holds no node`, { hint: "name the data directory of a node that was a member" });
  const { image, log, regions } = await readDirectoryLog(disk, directory, identity, crc32);
  const other = regions.find((region) => region !== globalRegion);
  if (other !== undefined) throw new RaftctlError("INCOMPATIBLE", `${directory} holds region ${other}: this version recovers clusters with the region global alone`);
  return { identity, log, image, survivor: describe(directory, identity, log) };
}

function describe(directory: string, identity: Identity, { hardState, snapshot, entries }: DirectoryLog): Survivor {
  const { clusterId, clusterIncarnation, nodeId, name, incarnation } = identity;
  const changes = entries.filter(({ type }) => type === entryTypes.membership).map(({ index, data }) => ({ index, membership: decodeMembership(data) }));
  return {
    directory, clusterId, clusterIncarnation, nodeId, name, incarnation, hardState, appliedIndex: 0,
    snapshot: { index: snapshot.index, term: snapshot.term },
    lastIndex: snapshot.index + entries.length,
    terms: termRuns(entries),
    memberships: [{ index: snapshot.index, membership: snapshot.membership }, ...changes],
    tail: entries.filter(({ index }) => index > hardState.commitIndex).slice(0, tailEntriesMax).map((entry) => ({ index: entry.index, term: entry.term, keys: keysOf(entry) })),
  };
}

function termRuns(entries: readonly Entry[]): TermRun[] {
  return entries.filter(({ term }, position) => entries[position - 1]?.term !== term).map(({ index, term }) => ({ firstIndex: index, term }));
}

/** What the entry would change, for people. */
function keysOf({ type, data }: Entry): readonly string[] {
  if (type !== entryTypes.command) return [];
  if (commandFault(data) !== undefined) return ["(a command of a newer version)"];
  return keysWritten(decodeCommand(data));
}

function keysWritten(command: Command | TxnRange): readonly string[] {
  if (command.operation === "settle" || command.operation === "range") return [];
  if (command.operation === "sessionClose") return [`session ${command.target}`];
  if (command.operation === "txn") return txnKeys(command.body);
  if (command.operation === "leaseGrant" || command.operation === "leaseRevoke") return [`lease ${leaseText(command.lease)}`];
  if (command.operation !== "deleteRange") return [command.operation === "append" ? `stream ${keyText(command.key)}` : keyText(command.key)];
  return [`${keyText(command.start)}..${command.end === undefined ? "" : keyText(command.end)}`];
}

function txnKeys(body: Uint8Array): readonly string[] {
  try {
    const { then, else: otherwise } = decodeTxn(body);
    return [...new Set([...then, ...otherwise].flatMap(keysWritten))];
  } catch {
    return ["(not a transaction)"];
  }
}

function keyText(key: Uint8Array): string {
  return utf8Text(key) ?? `base64:${Buffer.from(key).toString("base64")}`;
}
