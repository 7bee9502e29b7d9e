// What a node that forms a cluster keeps on its disk until it belongs to one: who it is, what it looks for, and its vote. Replaced as a whole and
// durably: a crash leaves the old content or the new one. Once there is an identity beside it, it counts for nothing and is removed.

import * as v from "valibot";
import { utf8, utf8Text } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { parseNodeId, type NodeId } from "../../base/ids.ts";
import type { IdentitySettings } from "../../config/identity-settings.ts";
import type { Disk } from "../../storage/disk.ts";
import { makeDurableDirectory, readSmallFile, replaceFile } from "../../storage/durable-file.ts";

export interface FormingRecord {
  /** Stays when the node founds or joins. */
  readonly nodeId: NodeId;
  readonly name: string;
  readonly settings: IdentitySettings;
  /** "static:…", "file:…" or "dns:…". */
  readonly source: string;
  readonly expect: number;
  /** undefined: not given yet. What it may become is in rules.ts. */
  readonly vote: NodeId | undefined;
}

/** Of this file alone. */
const formingFormat = 1;

const schema = v.object({
  nodeId: v.string(),
  name: v.string(),
  settings: v.looseObject({ listenPeer: v.string(), listenClient: v.string() }),
  source: v.string(),
  expect: v.pipe(v.number(), v.integer(), v.minValue(1)),
  vote: v.nullable(v.string()),
});

export function formingPath(directory: string): string {
  return `${directory}/forming`;
}

/**
 * undefined when there is none. What it returns is durable.
 * @throws RaftctlError CORRUPT when the file is damaged, INCOMPATIBLE when a newer version wrote it
 */
export async function readForming(disk: Disk, directory: string, crc32: Crc32): Promise<FormingRecord | undefined> {
  const path = formingPath(directory);
  if (!(await disk.exists(path))) return undefined;
  const bytes = await readSmallFile(disk, path);
  // A vote that was renamed into place just before a crash may not be durable yet.
  await disk.syncDirectory(directory);
  return decode(path, bytes, crc32);
}

export async function writeForming(disk: Disk, directory: string, record: FormingRecord, crc32: Crc32): Promise<void> {
  await makeDurableDirectory(disk, directory);
  await replaceFile(disk, formingPath(directory), encode(record, crc32));
}

export async function removeForming(disk: Disk, directory: string): Promise<void> {
  const path = formingPath(directory);
  if (!(await disk.exists(path))) return;
  // An identity that was renamed into place just before a crash may not be durable yet: never neither of the two.
  await disk.syncDirectory(directory);
  await disk.unlink(path);
  await disk.syncDirectory(directory);
}

// forming: one line "raftctl forming <format> <crc32 of the rest in hex>", then JSON.

function encode(record: FormingRecord, crc32: Crc32): Uint8Array {
  const body = `${JSON.stringify({ ...record, vote: record.vote ?? null }, undefined, 2)}\n`;
  return utf8(`raftctl forming ${formingFormat} ${checksum(body, crc32)}\n${body}`);
}

function decode(path: string, bytes: Uint8Array, crc32: Crc32): FormingRecord {
  const text = utf8Text(bytes) ?? "";
  const parts = /^raftctl forming ([1-9][0-9]{0,4}) ([0-9a-f]{8})\n/.exec(text);
  if (parts === null) throw damaged(path, "it does not begin like one");
  if (Number(parts[1]) !== formingFormat) throw new RaftctlError("INCOMPATIBLE", `${path} has format ${parts[1]}, this version reads format ${formingFormat}`);
  const body = text.slice(parts[0].length);
  const actual = checksum(body, crc32);
  if (actual !== parts[2]) throw damaged(path, `its checksum is ${parts[2]} but its bytes have ${actual}`);
  const parsed = v.safeParse(schema, JSON.parse(body));
  if (!parsed.success) throw damaged(path, `${v.getDotPath(parsed.issues[0]) ?? "content"}: ${parsed.issues[0].message}`);
  const { nodeId, vote, settings, ...rest } = parsed.output;
  return { ...rest, settings, nodeId: parseNodeId(nodeId), vote: vote === null ? undefined : parseNodeId(vote) };
}

function checksum(body: string, crc32: Crc32): string {
  return crc32(utf8(body), formingFormat).toString(16).padStart(8, "0");
}

function damaged(path: string, reason: string): RaftctlError {
  return new RaftctlError("CORRUPT", `${path} is damaged: ${reason}`, {
    hint: "it holds this node's vote: remove the directory only when no cluster was formed with it, then raftctl init again",
  });
}
