// `raftctl session` against three real nodes in this process.

import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

let cluster: Cluster;
let client: Client;
beforeAll(async () => {
  cluster = await createCluster({ nodes: 3 });
  client = new Client({ endpoints: cluster.endpoints });
}, 60_000);
afterAll(async () => {
  client.close();
  await cluster.stop();
});

interface Listed {
  readonly id: string;
  readonly lastNumber: string;
  readonly lastUse: string;
  readonly results: number;
  readonly idleMs: number | null;
  readonly remainingMs: number | null;
}

/** Of a follower: what only the leader knows it asks for. */
function run(line: string): Promise<Outcome> {
  const follower = cluster.nodes.find((daemon) => daemon.region.raft.core.role !== "leader")!;
  return raftctl(line.split(" "), { env: { RAFTCTL_ENDPOINT: follower.clientAddress } });
}

async function listed(): Promise<readonly Listed[]> {
  return (await run("session list --json")).json.result.sessions as readonly Listed[];
}

test("list shows the sessions that were used last first, with their last number and use, what they remember and how long they last (S112)", async () => {
  expect((await run("session list")).stdout).toBe("no sessions\n");
  const [first, second] = [(await client.kv.put("a", "1")), (await raftctl(["put", "b", "1", "--json"], { env: { RAFTCTL_ENDPOINT: cluster.endpoints[0]! } })).json.result as { index: string; requestId: string }];
  const found = await listed();
  expect(found.map(({ id, lastNumber }) => `${id}:${lastNumber}`)).toEqual([second.requestId, first.requestId]);
  expect(found[1]).toMatchObject({ lastUse: String(first.index), results: 1, bytes: 268 });
  for (const { idleMs, remainingMs } of found) {
    expect(idleMs).toBeLessThan(60_000);
    expect(remainingMs).toBeGreaterThan(3_540_000);
  }
  const limited = await run("session list --limit 1 --json");
  expect(limited.json.result).toMatchObject({ sessions: [{ id: found[0]!.id }], total: 2 });
  expect((await run("session list --limit 1")).stdout).toMatch(/^SESSION .*RESULTS +SIZE\s*\n\d+ .* 1 +268B\n1 of 2 sessions, those that were used last\n$/);
});

test("close forgets a session: a repetition under it is refused and not executed again, and its client goes on by itself with a new one (S112, H37)", async () => {
  const written = await client.kv.put("c", "1");
  const [session, number] = written.requestId!.split(":") as [string, string];
  const closed = await run(`session close ${session}`);
  expect(closed).toMatchObject({ code: 0, stderr: "" });
  expect(closed.stdout).toMatch(new RegExp(`^OK \\d+ closed ${session}, \\d+ results? forgotten\\n$`));
  expect((await listed()).map(({ id }) => id)).not.toContain(session);
  const again = await run(`put c 2 --session ${session} --seq ${number} --json`);
  expect([again.code, again.json.error?.code]).toEqual([10, "UNKNOWN_OUTCOME"]);
  expect((await run(`outcome ${session}:${number}`)).code).toBe(10);
  const next = await client.kv.put("c", "3");
  expect([next.result?.version, next.requestId!.startsWith(`${session}:`)]).toEqual([2, false]);
});

test("of several sessions those that do not exist are named with exit 4 and the others are closed; what is no id is exit 2 (S60)", async () => {
  await client.kv.put("d", "1");
  const [{ id }] = await listed() as [Listed];
  const outcome = await run(`session close 99 ${id} 98 --json`);
  expect([outcome.code, outcome.json.error?.code, outcome.json.error?.message]).toEqual([4, "NOT_FOUND", expect.stringContaining("no sessions 99, 98")]);
  expect(outcome.json.result).toMatchObject({ closed: [{ id, results: expect.any(Number) as number, index: expect.stringMatching(/^\d+$/) as string }], notFound: ["99", "98"] });
  expect((await run(`session close ${id}`)).code).toBe(4);
  for (const line of ["session close", "session close x", "session close 0", "session list --limit 0", `session close ${2n ** 64n}`]) expect([line, (await run(line)).code]).toEqual([line, 2]);
});

test("the library lists and closes sessions, its own as well (S112)", async () => {
  await client.kv.put("e", "1");
  const ids: string[] = [];
  for await (const { id } of client.sessions.list()) ids.push(id);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) await client.sessions.close(BigInt(id));
  // What is left is the one that closed them, which cannot close itself.
  const [left, ...more] = await listed();
  expect(more).toEqual([]);
  await expect(client.sessions.close(BigInt(left!.id))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect((await client.kv.put("e", "2")).result?.version).toBe(2);
  await expect(client.sessions.close(BigInt(ids[0]!))).rejects.toMatchObject({ code: "NOT_FOUND", exit: 4, details: { session: ids[0] } });
});
