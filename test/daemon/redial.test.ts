// A leader whose follower was away for long: how soon it knocks again.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { initDataDirectory, joinDataDirectory } from "../../src/daemon/offline.ts";
import { systemParts } from "../../src/daemon/parts.ts";
import { tcpTransportLimitsDefault } from "../../src/platform/tcp-transport.ts";

const settings = { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" };
const electionTimeoutMs = 300;

async function start(dataDir: string): Promise<Daemon> {
  const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": settings.listenPeer, "listen.client": settings.listenClient, "raft.electionTimeout": `${electionTimeoutMs}ms`, "raft.heartbeatInterval": "50ms", "network.connectTimeout": "200ms" };
  return Daemon.start(await loadConfig({ flags, env: {}, cwd: dataDir }), await systemParts(silentLogger));
}

test("however long a member was away, its leader dials it so often that it hears of it before it would stand for election (S18, U2)", { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-redial-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await initDataDirectory(join(directory, "n1"), { name: "n1", settings });
  const leader = await start(join(directory, "n1"));
  await joinDataDirectory(join(directory, "n2"), { name: "n2", settings, seeds: [leader.peerAddress], role: "learner", promote: "never", timeoutMs: 5_000, giveUpMs: 20_000 });
  const follower = await start(join(directory, "n2"));
  await follower.entered;
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
  await leader.stop({ transfer: false, drainMs: 0 });
  grave.close();

  // By the ninth knock the pauses would have grown to the longest that they may be without regard to elections.
  const pauses = knocks.slice(9).map((at, index) => at - knocks[8 + index]!).toSorted((left, right) => left - right);
  expect(pauses[Math.floor(pauses.length / 2)]).toBeLessThan(electionTimeoutMs);
  expect(tcpTransportLimitsDefault.backoffMsMax / 2).toBeGreaterThan(electionTimeoutMs);
});
