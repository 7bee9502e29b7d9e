// The wall clock decides nothing: nodes whose calendars jump back and forth elect, replicate, read, snapshot and apply exactly as with steady ones.

import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { RegionStorage } from "../../src/host/region-storage.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import { Wal } from "../../src/storage/wal/wal.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { MemoryDisk } from "../storage/memory-disk.ts";
import { foundedDisk, owner, walOptions } from "../storage/wal/fixtures.ts";
import { Cluster, type ClusterNode } from "./support/cluster.ts";
import { bytes, votersOf } from "./support/members.ts";

const applied = { waitFor: "applied", timeoutMs: 5_000 } as const;
const minutes = 60_000;
/** Small, so that snapshots are taken on the way. */
const compaction = { logBytes: 4_000, logBytesMax: 8_000, trailingEntries: 5, trailingBytes: 1e6 };

/** Puts the daemon's storage under a node that has not begun yet. Its log asks the clock of the cluster for the time of day. */
async function withMachine(cluster: Cluster, node: ClusterNode): Promise<Machine> {
  const { clock } = cluster;
  const disk = await foundedDisk(new MemoryDisk());
  const wal = await Wal.open(walOptions(disk, { clock, segmentBytes: 8 * 1024 }));
  const snapshots = await SnapshotStore.open({ disk, directory: "/data/snapshots", crc32, clusterId: owner.clusterId, region: globalRegion, logger: silentLogger });
  const machine = new Machine({ store: new MemoryStore(), crc32 });
  const storage = await cluster.run(RegionStorage.open({ region: globalRegion, wal, machine, snapshots, logger: silentLogger, founding: votersOf(1, 2, 3) }));
  cluster.crash(node);
  await cluster.boot(node, storage);
  return machine;
}

function write(number: number): Uint8Array {
  const session = { id: BigInt(number % 3) + 1n, sequence: Math.floor(number / 3) + 1 };
  const value = bytes(`value ${number} ${"x".repeat(100)}`);
  if (number % 4 === 3) return encodeCommand({ operation: "append", key: bytes(`stream-${number % 2}`), value, session });
  return encodeCommand({ operation: "put", key: bytes(`key-${number % 7}`), value, wantPrevious: true, session });
}

interface Run {
  readonly digests: readonly string[];
  readonly outcomes: readonly string[];
  readonly calls: readonly string[];
  readonly asked: number;
}

/** @param skew of the calendar, ms, of each time that it is asked for */
async function run(skew: (asked: number) => number): Promise<Run> {
  const cluster = await Cluster.start({ compaction });
  const { clock } = cluster;
  let asked = 0;
  clock.wallNow = () => {
    asked += 1;
    return 1_800_000_000_000 + clock.now() + skew(asked);
  };
  const machines: Machine[] = [];
  for (const node of cluster.nodes) machines.push(await withMachine(cluster, node));
  const outcomes: string[] = [];
  let leader = await cluster.elect();
  for (let number = 0; number < 60; number += 1) {
    if (number % 20 === 19) {
      cluster.hub.isolate(leader.id);
      leader = await cluster.elect(cluster.nodes.filter((node) => node !== leader));
      cluster.hub.heal();
    }
    const node = cluster.nodes[number % 3]!;
    const { index, term, result } = await cluster.run(node.gateway.propose(write(number), applied));
    outcomes.push(`${index}/${term} ${[...result].join(" ")}`);
    if (number % 10 === 0) outcomes.push(`read at ${await cluster.run(node.gateway.readable(5_000))}`);
  }
  await cluster.converge();
  await clock.advance(1_000);
  cluster.stop();
  const calls = cluster.hub.calls.map(({ at, from, to, name }) => `${at} ${from} ${to} ${name}`);
  return { digests: machines.map((machine) => `${machine.lastApplied} ${machine.digest()}`), outcomes, calls, asked };
}

test("with calendars that jump by five minutes, every message, answer and digest is the one of steady calendars (H25)", async () => {
  const steady = await run(() => 0);
  const jumping = await run((asked) => [5 * minutes, -5 * minutes, 0, -3 * minutes, 4 * minutes][asked % 5]!);
  expect(new Set(steady.digests).size).toBe(1);
  expect(jumping.digests).toEqual(steady.digests);
  expect(jumping.outcomes).toEqual(steady.outcomes);
  expect(jumping.calls).toEqual(steady.calls);
  expect(steady.outcomes.length).toBeGreaterThan(60);
  // The calendar is asked for all the same: new segments of the log are dated by it.
  expect(jumping.asked).toBeGreaterThan(3);
});
