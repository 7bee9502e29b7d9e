// The operator's own proof, on real daemons that are killed, started again and paused while it runs; and that it is not blind.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCluster } from "./support/start-cluster.ts";
import { fast } from "./support/settings.ts";
import { until } from "./support/until.ts";

interface Result {
  readonly verdict: string;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly operations: number;
  readonly durationMs: number;
  readonly cleaned?: boolean;
  readonly window?: { readonly operation: string; readonly value?: string | null; readonly startMs: number }[];
}

interface Event {
  readonly process: string;
  readonly type: string;
  readonly operation: string;
  readonly key: string;
  readonly time: number;
  readonly value?: string | null;
  readonly ended?: boolean;
}

/** Of a key with two acknowledged puts, one behind the other: a read at the very end that still sees the first. @returns what it saw. */
async function appendStaleRead(from: string, to: string): Promise<string> {
  const text = await readFile(from, "utf8");
  const events = text.trimEnd().split("\n").map((line) => JSON.parse(line) as Event);
  const finished = new Map<string, { value: string; time: number }>();
  const calls = new Map<string, Event>();
  let overwritten: { key: string; value: string } | undefined;
  for (const event of events) {
    if (event.type === "invoke") calls.set(event.process, event);
    if (event.type !== "ok" || event.operation !== "put" || event.ended === true) continue;
    const call = calls.get(event.process)!;
    const first = finished.get(event.key);
    if (first === undefined) finished.set(event.key, { value: call.value!, time: event.time });
    else if (first.time < call.time) overwritten ??= { key: event.key, value: first.value };
  }
  expect(overwritten).toBeDefined();
  const { key, value } = overwritten!;
  const read = { process: "late", operation: "get", key, time: events.at(-1)!.time };
  await writeFile(to, `${text}${JSON.stringify({ ...read, type: "invoke" })}\n${JSON.stringify({ ...read, type: "ok", value })}\n`);
  return value;
}

test("check linearizability passes while the leader is killed and started again and another node is paused, and leaves no key (N6, S40, S118, H1, H20)", {
  timeout: 120_000,
}, async () => {
  const cluster = await startCluster({ settings: fast });
  const save = join(cluster.home, "history.jsonl");
  const endpoints = cluster.endpoints.flatMap((endpoint) => ["--endpoint", endpoint]);
  const end = join(cluster.home, "end");
  const during = ["--duration", "5s", "--during", `until [ -e '${end}' ]; do sleep 0.1; done`];
  const checking = cluster.raftctl(["check", "linearizability", "--clients", "4", ...during, "--timeout", "1s", "--save", save, "--json", ...endpoints]);
  const keys = async (): Promise<number> => (await cluster.client().kv.prefix("raftctl/check/", { countOnly: true })).count;
  await until("keys of the check", async () => ((await keys()) > 0 ? true : undefined));
  const leader = await cluster.leader();
  await leader.kill9();
  const successor = await cluster.leader();
  await leader.start();
  await cluster.waitUntilFollowersKeepUp();
  const paused = cluster.nodes.find((node) => node !== leader && node !== successor)!;
  paused.pause();
  const { uptimeMs } = await successor.status();
  await until("a second without it", async () => ((await successor.status()).uptimeMs - uptimeMs > 1000 ? true : undefined));
  paused.resume();
  await writeFile(end, "");
  const printed = await checking;
  expect(printed.exit, printed.stdout + printed.stderr).toBe(0);
  const result = printed.json!.result as unknown as Result;
  expect(result).toMatchObject({ verdict: "linearizable", clients: 4, cleaned: true });
  expect(result.acknowledged).toBeGreaterThan(100);
  expect(result.durationMs).toBeGreaterThanOrEqual(5000);
  expect(await keys()).toBe(0);
  const spoilt = join(cluster.home, "spoilt.jsonl");
  const old = await appendStaleRead(save, spoilt);
  const found = await cluster.raftctl(["check", "linearizability", "--history", spoilt, "--json"]);
  expect(found.exit, found.stdout).toBe(13);
  expect((found.json!.result as unknown as Result).window).toContainEqual(expect.objectContaining({ process: "late", operation: "get", value: old }));
});
