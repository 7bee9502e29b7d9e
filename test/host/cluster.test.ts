// Whole regions together: election, replication, answers to writes and reads, with storage that answers at once and storage that answers later.

import { expect, test } from "vitest";
import { Cluster } from "./support/cluster.ts";

for (const variant of ["at once", "promises"] as const) {
  test(`three nodes elect a leader and apply a write everywhere, in order and once, with storage that answers ${variant} (S23, S42, S43, S92)`, async () => {
    const cluster = await Cluster.led({ variant });
    const first = await cluster.write("a");
    const second = await cluster.write("b");
    expect(first.result).toBe("did a");
    expect(second.index).toBe(first.index + 1);
    expect(second.term).toBe(cluster.leader.raft.core.currentTerm);
    await cluster.converge();
    for (const node of cluster.nodes) expect(node.commands).toEqual(["a", "b"]);
    cluster.stop();
  });
}
