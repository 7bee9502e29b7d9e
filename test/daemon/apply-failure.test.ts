// A follower that cannot apply what is committed: the real assembly with a store that fails under it (S47). It stops instead of going on with less than the
// others have, says so in its log, and the error that it ends with has an exit code (S33, S38).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RaftctlError, toRaftctlError } from "../../src/base/errors.ts";
import { silentLogger, type Logger } from "../../src/base/logger.ts";
import { Client } from "../../src/client/client.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { initDataDirectory, joinDataDirectory } from "../../src/daemon/offline.ts";
import { systemParts, type DaemonParts } from "../../src/daemon/parts.ts";

const settings = { listenPeer: "127.0.0.1:0", listenClient: "127.0.0.1:0" };
const damaged = new RaftctlError("CORRUPT", "a record of 40 bytes in the state fails its checksum");

async function start(dataDir: string, change: (parts: DaemonParts) => DaemonParts = (parts) => parts): Promise<Daemon> {
  const flags = { dataDir, adminSocket: join(dataDir, "admin.sock"), "listen.peer": settings.listenPeer, "listen.client": settings.listenClient, "wal.segmentBytes": "1MiB", "raft.electionTimeout": "300ms", "raft.heartbeatInterval": "50ms", "network.connectTimeout": "200ms" };
  return Daemon.start(await loadConfig({ flags, env: {}, cwd: dataDir }), change(await systemParts(silentLogger)));
}

test("a follower whose state machine fails stops with a fatal line in its log and an exit code, instead of diverging; the others go on (S33, S38)", { timeout: 30_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-apply-failure-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const failing = { now: false };
  const lines: { code: unknown; sentence: string }[] = [];
  const logger: Logger = { ...silentLogger, child: () => logger, fatal: ({ code }, sentence) => void lines.push({ code, sentence }) };
  const failingStore = (parts: DaemonParts): DaemonParts => ({
    ...parts, logger,
    openStore: async (path, log) => {
      const opened = await parts.openStore(path, log);
      const store = new Proxy(opened.store, {
        get(target, name) {
          if (name === "transaction" && failing.now) return () => { throw damaged; };
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      return { ...opened, store };
    },
  });
  await initDataDirectory(join(directory, "n1"), { name: "n1", settings });
  const leader = await start(join(directory, "n1"));
  await joinDataDirectory(join(directory, "n2"), { name: "n2", settings, seeds: [leader.peerAddress], role: "learner", promote: "never", timeoutMs: 5_000, giveUpMs: 20_000 });
  const follower = await start(join(directory, "n2"), failingStore);
  await follower.entered;
  const client = new Client({ endpoints: [leader.clientAddress] });
  const { index } = await client.kv.put("before", "1");
  await follower.region.raft.waitForApplied(index, 5_000);
  failing.now = true;
  await client.kv.put("after", "2");
  const ended = toRaftctlError(await follower.ended);
  expect([ended.code, ended.exit]).toEqual(["CORRUPT", 13]);
  expect(lines).toEqual([{ code: "CORRUPT", sentence: "this node cannot go on and stops" }]);
  expect(follower.region.raft.core.lastApplied).toBe(index);
  expect((await client.kv.get("after")).record?.version).toBe(1);
  client.close();
  await Promise.all([leader.stop({ transfer: false, drainMs: 0 }), follower.stop({ transfer: false, drainMs: 0 })]);
});
