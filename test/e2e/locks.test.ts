// Locks of the built command line while leaders are killed: never two at once, and each token larger than the one before (docs/locks.md).

import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment, executable } from "./support/command-line.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";

const turns = 20;
const workers = 4;
const script = 'echo "begin $RAFTCTL_LOCK_TOKEN" >> "$MARKS"; sleep 0.05; echo "end $RAFTCTL_LOCK_TOKEN" >> "$MARKS"';

test("over twenty turns and three kills of the leader no two commands run at once, and the tokens grow (H24, K3)", { timeout: 240_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const marks = join(cluster.home, "marks");
  const env = cleanEnvironment(cluster.home, { MARKS: marks, RAFTCTL_ENDPOINT: cluster.endpoints.join(",") });
  const lines = async (): Promise<string[]> => (await readFile(marks, "utf8").catch(() => "")).trim().split("\n").filter((line) => line !== "");
  const worker = async (): Promise<void> => {
    for (let turn = 0; turn < turns / workers; turn += 1) {
      await execa(process.execPath, [executable, "lock", "shared", "--ttl", "8s", "--timeout", "20s", "--", "sh", "-c", script], { cwd: cluster.home, env, extendEnv: false });
    }
  };
  const working = Promise.all(Array.from({ length: workers }, worker));
  working.catch(() => undefined);
  for (let round = 1; round <= 3; round += 1) {
    await until(`${round * 4} turns`, async () => ((await lines()).length >= round * 8 ? true : undefined), { timeoutMs: 60_000 });
    const leader = await cluster.leader();
    await leader.kill9();
    await cluster.leader();
    await leader.start();
  }
  await working;
  const seen = (await lines()).map((line) => line.split(" ") as [string, string]);
  const tokens = seen.filter(([kind]) => kind === "begin").map(([, token]) => Number(token));
  expect(seen).toEqual(tokens.flatMap((token) => [["begin", String(token)], ["end", String(token)]]));
  expect(tokens).toHaveLength(turns);
  expect(tokens).toEqual([...new Set(tokens)].toSorted((left, right) => left - right));
});
