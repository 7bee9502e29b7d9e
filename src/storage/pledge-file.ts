// For how long this node may have pledged not to vote (raft/lease.ts): when it starts again it has forgotten when it last did, but the leader has not. So
// the duration is durable before the first pledge of a run, and a shorter one takes its place only when all that earlier runs pledged is over.
//
//   one line "raftctl pledge <crc32 of the rest in hex>", then the duration in whole ms

import { assert } from "../base/assert.ts";
import { utf8, utf8Text } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { layout } from "./data-dir.ts";
import type { Disk } from "./disk.ts";
import { parentOf, readSmallFile, replaceFile } from "./durable-file.ts";
import { hex } from "./wal/record.ts";

export interface PledgeFileParts {
  readonly disk: Disk;
  /** The data directory. */
  readonly directory: string;
  readonly crc32: Crc32;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PledgeFile {
  /** An earlier run may have pledged for so long, ms; undefined: none has. */
  readonly earlierMs: number | undefined;
  /** Leaves the file as it is. */
  close(): void;
}

/**
 * @param durationMs of the pledges of this run, in whole ms; undefined: it makes none
 * @throws CORRUPT for a damaged file; NO_SPACE, IO_ERROR
 */
export async function openPledgeFile(parts: PledgeFileParts, durationMs: number | undefined): Promise<PledgeFile> {
  assert(durationMs === undefined || (Number.isSafeInteger(durationMs) && durationMs > 0), "a pledge lasts for whole milliseconds");
  const { clock } = parts;
  const earlierMs = await read(parts);
  let timer: Timer | undefined;
  if (earlierMs === undefined || (durationMs ?? 0) > earlierMs) {
    if (durationMs !== undefined) await write(parts, durationMs);
  } else if (durationMs !== earlierMs) timer = clock.at(clock.now() + earlierMs, () => void lower(parts, durationMs));
  return { earlierMs, close: () => timer?.cancel() };
}

/** What fails is tried again at the next start: until then the node is only more patient than it need be. */
async function lower(parts: PledgeFileParts, durationMs: number | undefined): Promise<void> {
  try {
    await (durationMs === undefined ? remove(parts) : write(parts, durationMs));
  } catch (error) {
    parts.logger.warn({ reason: toRaftctlError(error).message }, "the duration of earlier pledges is still on disk: the next start waits for them again");
  }
}

async function read({ disk, directory, crc32 }: PledgeFileParts): Promise<number | undefined> {
  const path = layout.pledge(directory);
  if (!(await disk.exists(path))) return undefined;
  const found = /^raftctl pledge ([0-9a-f]{8})\n([1-9][0-9]{0,14})\n$/.exec(utf8Text(await readSmallFile(disk, path)) ?? "");
  if (found?.[1] !== undefined && found[1] === checksum(found[2]!, crc32)) return Number(found[2]);
  throw new RaftctlError("CORRUPT", `${path} is damaged: it does not say for how long this node has pledged not to vote`, {
    hint: "with the node stopped for longer than any raft.electionTimeout that it had, remove the file",
  });
}

function write({ disk, directory, crc32 }: PledgeFileParts, durationMs: number): Promise<void> {
  return replaceFile(disk, layout.pledge(directory), utf8(`raftctl pledge ${checksum(String(durationMs), crc32)}\n${durationMs}\n`));
}

async function remove({ disk, directory }: PledgeFileParts): Promise<void> {
  const path = layout.pledge(directory);
  await disk.unlink(path);
  await disk.syncDirectory(parentOf(path));
}

function checksum(duration: string, crc32: Crc32): string {
  return hex(crc32(utf8(`${duration}\n`), 0));
}
