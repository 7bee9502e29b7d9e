// A follower on a slow line, while its leader goes on writing and forgetting its log: state transfers end, and do not starve anything else.

import { expect, test } from "vitest";
import type { InstallSnapshotRpc } from "../../src/wire/peer-protocol.ts";
import { Cluster, electionTimeout } from "./support/cluster.ts";
import { bytes } from "./support/members.ts";

test("a follower that falls behind compaction catches up over a slow line while writes go on, by few transfers, and keeps its leader (H41, H40)", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 2_000, logBytesMax: 4_000, trailingEntries: 60, trailingBytes: 1e6 } });
  const { leader, followers, hub, clock } = cluster;
  const laggard = followers[0]!;
  const { currentTerm } = leader.raft.core;
  let writing = true;
  let written = 0;
  const write = (): void => {
    if (!writing) return;
    written += 1;
    leader.raft.propose(bytes(`w${written} ${"x".repeat(40)}`), { waitFor: "applied", timeoutMs: 60_000 }).catch(() => undefined);
    clock.at(clock.now() + 10, write);
  };
  hub.isolate(laggard.id);
  write();
  await clock.advance(1_500);
  expect(leader.raft.core.snapshotIndex).toBeGreaterThan(laggard.raft.core.lastIndex);
  // A chunk takes 300 ms, in which 30 entries are written: a snapshot is out of date when it arrives, but not out of the window.
  hub.delayOf = ({ name, to }) => (name === "installSnapshot" && to === laggard.id ? 300 : 0);
  hub.heal();
  const healed = clock.now();
  await clock.until(() => leader.raft.core.commitIndex - laggard.raft.core.lastApplied < 5, "the follower has caught up", 10 * electionTimeout);
  expect(clock.now() - healed).toBeLessThan(3 * electionTimeout);
  expect(hub.callsOf("installSnapshot").filter(({ rpc }) => (rpc as InstallSnapshotRpc).done).length).toBeLessThanOrEqual(2);
  await clock.advance(electionTimeout);
  expect(leader.raft.core.commitIndex - laggard.raft.core.lastApplied).toBeLessThan(5);
  writing = false;
  await cluster.converge();
  for (const node of cluster.nodes) expect([node.commands, node.raft.core.currentTerm]).toEqual([leader.commands, currentTerm]);
  expect(leader.commands).toHaveLength(written);
  cluster.stop();
});

test("a leader that keeps no log behind its snapshots still brings a slow follower up to date by one transfer, while it writes on (H41)", async () => {
  const cluster = await Cluster.led({ compaction: { logBytes: 1_000, logBytesMax: 100_000, trailingEntries: 0, trailingBytes: 1e6 } });
  const { leader, followers, hub, clock } = cluster;
  const laggard = followers[0]!;
  let writing = true;
  const write = (): void => {
    if (!writing) return;
    leader.raft.propose(bytes("x".repeat(40)), { waitFor: "applied", timeoutMs: 60_000 }).catch(() => undefined);
    clock.at(clock.now() + 10, write);
  };
  hub.isolate(laggard.id);
  write();
  await clock.advance(1_500);
  hub.delayOf = ({ name, to }) => (name === "installSnapshot" && to === laggard.id ? 900 : 0);
  hub.heal();
  await clock.until(() => leader.raft.core.commitIndex - laggard.raft.core.lastApplied < 5, "the follower has caught up", 10 * electionTimeout);
  expect(hub.callsOf("installSnapshot").filter(({ rpc }) => (rpc as InstallSnapshotRpc).done)).toHaveLength(1);
  writing = false;
  await cluster.converge();
  cluster.stop();
});
