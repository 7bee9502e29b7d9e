// membership.reapAfter on real nodes. That nothing is removed by itself when it is not set follows from its having no default (test/config).

import { expect, test, vi } from "vitest";
import { FormingNodes } from "./formation/support/forming-nodes.ts";

test("a dead voter is removed by itself when membership.reapAfter is set", async () => {
  await using forming = await FormingNodes.make(0);
  for (const name of ["n1", "n2", "n3", "n4"]) await forming.add(name, 4, { "membership.reapAfter": "2s" });
  await forming.publish(forming.nodes);
  for (const node of forming.nodes) await node.start();
  await Promise.all(forming.nodes.map(({ daemon }) => daemon!.entered));
  const votersSeen = (): number[] => forming.nodes.flatMap(({ daemon }) => daemon?.region.raft.core.membership.voters.length ?? []);
  await vi.waitFor(() => expect(votersSeen()).toEqual([4, 4, 4, 4]), { timeout: 10_000 });
  await forming.nodes.find(({ daemon }) => daemon!.region.raft.core.role === "follower")!.kill();
  await vi.waitFor(() => expect(votersSeen()).toEqual([3, 3, 3]), { timeout: 10_000 });
});
