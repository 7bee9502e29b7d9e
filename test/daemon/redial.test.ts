// A leader whose follower was away for long: how soon it knocks again.

import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { peerLimits } from "../../src/daemon/peer-limits.ts";
import { tcpTransportLimitsDefault } from "../../src/platform/tcp-transport.ts";
import { electionTimeoutMs, startCluster } from "./support/cluster.ts";

test("however long a member was away, its leader dials it so often that it hears of it before it would stand for election (S18, U2)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const follower = fixture.followers()[0]!;
  const port = Number(follower.peerAddress.split(":").at(-1));
  await follower.stop({ transfer: false, drainMs: 0 });

  const knocks: number[] = [];
  const { promise: enough, resolve: haveEnough } = Promise.withResolvers<void>();
  const grave = createServer((socket) => {
    socket.on("error", () => undefined).destroy();
    if (knocks.push(performance.now()) === 24) haveEnough();
  }).listen(port, "127.0.0.1");
  await once(grave, "listening");
  await enough;
  grave.close();

  // By the ninth knock the pauses would have grown to the longest that they may be without regard to elections.
  const pauses = knocks.slice(9).map((at, index) => at - knocks[8 + index]!).toSorted((left, right) => left - right);
  expect(pauses[Math.floor(pauses.length / 2)]).toBeLessThan(electionTimeoutMs);
  expect(tcpTransportLimitsDefault.backoffMsMax / 2).toBeGreaterThan(electionTimeoutMs);
});

test.for(["300ms", "1s", "3s", "1m"])("with an election timeout of %s the longest back-off and the longest heartbeat interval, whose end dials again, are over before that (S18, U2)", async (electionTimeout) => {
  const { config } = await loadConfig({ flags: { "raft.electionTimeout": electionTimeout, "network.connectTimeout": "200ms" }, env: {}, cwd: import.meta.dirname });
  const { backoffMsMax } = peerLimits(config);
  expect(backoffMsMax + config.raft.electionTimeout / 3).toBeLessThan(config.raft.electionTimeout);
  expect(backoffMsMax).toBeLessThanOrEqual(tcpTransportLimitsDefault.backoffMsMax);
});
