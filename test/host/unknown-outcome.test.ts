import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { LeaderGateway } from "../../src/host/leader-gateway.ts";
import type { Raft } from "../../src/host/region.ts";
import type { RaftClusterMember } from "../../src/host/transport.ts";
import { bytes, codeOf, idOf } from "./support/members.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

test("a write whose outcome is unknown is not sent again by the node that led: it may be in the log (H20)", async () => {
  let proposed = 0;
  const propose = (): Promise<never> => {
    proposed += 1;
    return Promise.reject(new RaftctlError("UNKNOWN_OUTCOME", "leadership was lost"));
  };
  const raft = { core: { role: "leader", leader: idOf(1) }, id: idOf(1), propose } as unknown as Raft;
  const gateway = new LeaderGateway(raft, {} as RaftClusterMember, { clock: new VirtualClock(), electionTimeout: 100 });
  expect(await codeOf(gateway.propose(bytes("a"), { waitFor: "applied", timeoutMs: 1000 }))).toBe("UNKNOWN_OUTCOME");
  expect(proposed).toBe(1);
});
