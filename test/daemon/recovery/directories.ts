// A data directory in memory as a stopped member of five voters leaves it: a membership, commands, and a tail that is not known to be committed.

import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { ApplyParts } from "../../../src/daemon/recovery/apply-plan.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { encodeMembership } from "../../../src/raft/membership-codec.ts";
import { createIdentity, layout, type Identity } from "../../../src/storage/data-dir.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { encodeCommand } from "../../../src/wire/command.ts";
import { idOf, membershipOf } from "../../raft/harness/members.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { TurnClock } from "../../storage/turn-clock.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { clusterId } from "./histories.ts";

export const directory = "/data/n1";
export const five = membershipOf({ voters: ["n1", "n2", "n3", "n4", "n5"] });

export function partsOf(disk: Disk): ApplyParts {
  return { disk, crc32, clock: new TurnClock(), logger: silentLogger, segmentBytes: 16 * 1024 };
}

export function put(index: number, term: number, key: string): Entry {
  return { index, term, type: entryTypes.command, data: encodeCommand({ operation: "put", key: utf8(key), value: utf8("v"), wantPrevious: false }) };
}

export async function memberDirectory(changes: Partial<Identity> = {}, commitIndex = 3): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const identity: Identity = {
    formatVersion: 1, clusterId, clusterIncarnation: 1, nodeId: idOf("n1"), incarnation: 1, name: "n1", foundedBy: "join", settings: { masterEligible: false, join: { seeds: ["a:1"] } }, ...changes,
  };
  await createIdentity(disk, directory, identity, crc32);
  const wal = await openLog(disk, identity);
  const first: Entry = { index: 1, term: 1, type: entryTypes.membership, data: encodeMembership(five) };
  await wal.append([{ kind: "entries", region: globalRegion, entries: [first, put(2, 1, "a"), put(3, 2, "b"), put(4, 2, "c"), put(5, 2, "d")] }]);
  await wal.append([{ kind: "hardState", region: globalRegion, hardState: { currentTerm: 4, votedFor: "3", commitIndex } }]);
  await wal.close();
  return disk;
}

export function openLog(disk: Disk, { clusterId: cluster, nodeId, incarnation }: Pick<Identity, "clusterId" | "nodeId" | "incarnation">): Promise<Wal> {
  return Wal.open({
    ...partsOf(disk), clusterId: cluster, nodeId, incarnation, directory: layout.wal(directory), batchBytesMax: 64 * 1024, idleMarkMs: 100, freeBytesMin: 0,
    onFatal: (error) => { throw error; },
  });
}
