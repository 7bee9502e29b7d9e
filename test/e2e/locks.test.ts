// Locks of the built command line while leaders are killed: never two at once, and each token larger than the one before (docs/locks.md).

import { execa } from "execa";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
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

/** A program that holds the lock, and at each line on its standard input writes the line to the resource, with its token and without a look at the clock. */
const holderProgram = `
import { createInterface } from "node:readline";
import { Client } from ${JSON.stringify(fileURLToPath(new URL("../../dist/index.js", import.meta.url)))};
const client = new Client({ endpoints: process.env.ENDPOINTS.split(","), timeoutMs: 20000 });
const lock = await client.lock("shared", { ttlMs: 2000 });
console.log(lock.token);
for await (const value of createInterface({ input: process.stdin })) {
  const { succeeded } = await client.kv.txn({ compare: [lock.guard()], then: [{ op: "put", key: "resource", value }] });
  console.log(succeeded);
}
`;

test("a holder that stands still for longer than its lease is refused with its old token, when another one has had the lock and before it knows it (H24, K3)", {
  timeout: 120_000,
}, async () => {
  const cluster = await startCluster({ settings: fast });
  const program = join(cluster.home, "holder.mjs");
  await writeFile(program, holderProgram);
  const holder = execa(process.execPath, [program], { env: cleanEnvironment(cluster.home, { ENDPOINTS: cluster.endpoints.join(",") }), extendEnv: false, reject: false, buffer: false });
  onTestFinished(() => void holder.kill("SIGKILL"));
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<string> => (await lines.next()).value as string;
  const resource = async (): Promise<string> => Buffer.from((await client.kv.get("resource")).record!.value).toString();
  const client = cluster.client();
  const oldToken = Number(await said());
  holder.stdin.write("first\n");
  expect(await said()).toBe("true");
  holder.kill("SIGSTOP");
  const next = await client.lock("shared", { ttlMs: 60_000, waitMs: 60_000 });
  expect(next.token).toBeGreaterThan(oldToken);
  expect(await resource()).toBe("first");
  expect(await client.kv.txn({ compare: [next.guard()], then: [{ op: "put", key: "resource", value: "second" }] })).toMatchObject({ succeeded: true });
  holder.stdin.write("late\n");
  holder.kill("SIGCONT");
  expect(await said()).toBe("false");
  expect(await resource()).toBe("second");
  await next.release();
  holder.stdin.write("later still\n");
  expect(await said()).toBe("false");
  expect(await resource()).toBe("second");
});
