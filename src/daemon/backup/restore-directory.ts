// Makes a data directory from a file, in an order that a crash cannot hurt:
//
//   1 mark      <data-dir>/restoring says that this is under way
//   2 snapshot  what an earlier attempt left is removed; the state becomes a snapshot of the new cluster, durable under its name
//   3 identity  log, boots and, last, the identity: from here on `daemon start` serves
//
// Before 3 the directory holds no node, and the same command begins again. The state machine itself is built from the snapshot by the first start.

import type { Crc32 } from "../../base/crc.ts";
import { globalRegion } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import { encodeImageAsync } from "../../machine/image.ts";
import { prefixes } from "../../machine/keyspace.ts";
import { decodePosition, encodePosition } from "../../machine/position.ts";
import type { KeyValue } from "../../machine/store.ts";
import { createRestoredIdentity, layout } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import { makeDurableDirectory } from "../../storage/durable-file.ts";
import { SnapshotStore } from "../../storage/snapshot-store.ts";
import { checkedRows } from "./content-check.ts";
import type { ImageFile } from "./image-file.ts";
import type { RestorePlan } from "./restore-plan.ts";

export interface RestoreParts {
  readonly disk: Disk;
  readonly crc32: Crc32;
}

/** @throws ALREADY_INITIALIZED, CORRUPT, NO_SPACE, IO_ERROR */
export async function restoreDirectory({ disk, crc32 }: RestoreParts, directory: string, plan: RestorePlan, file: ImageFile): Promise<void> {
  const fill = (): Promise<void> => writeSnapshot({ disk, crc32 }, layout.snapshots(directory, globalRegion), plan, file);
  await createRestoredIdentity(disk, directory, plan.identity, { crc32, fill });
}

async function writeSnapshot({ disk, crc32 }: RestoreParts, directory: string, plan: RestorePlan, file: ImageFile): Promise<void> {
  await makeDurableDirectory(disk, directory);
  for (const name of await disk.readDirectory(directory)) await disk.unlink(`${directory}/${name}`);
  const { identity: { clusterId }, position, membership } = plan;
  const snapshots = await SnapshotStore.open({ disk, directory, crc32, clusterId, region: globalRegion, logger: silentLogger });
  await snapshots.write({ ...position, membership }, encodeImageAsync(moved(checkedRows(file, crc32), plan.bumpIndex, crc32), crc32));
}

/** The same rows, at a higher index: who watches never sees it go back. */
async function* moved(rows: AsyncIterable<KeyValue>, bumpIndex: number, crc32: Crc32): AsyncGenerator<KeyValue> {
  for await (const row of rows) {
    if (row.key[0] !== prefixes.position) yield row;
    else {
      const position = decodePosition(row.value, crc32);
      yield { key: row.key, value: encodePosition({ ...position, index: position.index + bumpIndex }, crc32) };
    }
  }
}
