import { expect, test } from "vitest";
import { allMembers, openLogOf, openMemberLog, openOwnLog } from "../../../src/cli/inspect-log/log-choice.ts";
import { startCluster } from "../../daemon/support/cluster.ts";

test("a member's log is its own, asked through any node; who answers at its address must be that member", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const client = fixture.client(fixture.leader());
  for (const name of ["n1", "n2", "n3"]) {
    const log = await openMemberLog(client, name);
    expect(log.header).toMatchObject({ node: name, source: "live" });
    await log.close();
  }
  expect((await openOwnLog(client)).header.nodeId).toBe(fixture.leader().region.raft.id);
  await expect(openMemberLog(client, "n9")).rejects.toMatchObject({ code: "NOT_FOUND" });
  const members = await allMembers(client, []);
  expect(members.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  expect((await allMembers(client, ["n3", "n1"])).map(({ name }) => name)).toEqual(["n3", "n1"]);
  const others = members.filter(({ id }) => id !== client.server?.nodeId);
  const moved = { ...others[0]!, clientAddress: others[1]!.clientAddress };
  await expect(openLogOf(moved, client)).rejects.toMatchObject({ code: "PEER_IDENTITY_MISMATCH", exit: 8, message: expect.stringContaining(others[1]!.name) });
});
