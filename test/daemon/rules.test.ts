// Rules in a cluster of real nodes: set through any node, enforced by whoever leads, and refusals that arrive whole over TCP (S33-S37).

import { expect, test } from "vitest";
import { toRaftctlError, type RaftctlError } from "../../src/base/errors.ts";
import { startCluster, type Fixture } from "./support/cluster.ts";

const timeout = 20_000;
const users = { prefix: "users/", schema: { type: "object", required: ["email"] }, unique: ["/email"] };
const user = (email: string): string => JSON.stringify({ email });

function refusalOf(write: Promise<unknown>): Promise<RaftctlError | undefined> {
  return write.then(() => undefined, toRaftctlError);
}

function indexes(fixture: Fixture): number[] {
  return fixture.cluster.nodes.map((node) => node.region.raft.core.lastIndex);
}

test("a rule that was set through a follower holds at once: a refusal arrives whole through a follower, and leaves every log as it was (S34, S36, S37)", { timeout }, async () => {
  await using fixture = await startCluster(3);
  const [follower, other] = fixture.followers().map((node) => fixture.client(node));
  const set = await follower!.admin.call("rulesSet", { rule: JSON.stringify(users), dryRun: false });
  expect(set).toMatchObject({ applied: true, rule: users, indexes: [{ field: "/email" }] });
  expect((await follower!.admin.call("rules", {})).rules.map(({ rule }) => rule)).toEqual([users]);
  await other!.kv.put("users/a", user("x"));
  const before = indexes(fixture);
  const refused = await refusalOf(other!.kv.put("users/b", user("x")));
  expect([refused?.code, refused?.exit, refused?.retryable]).toEqual(["REJECTED", 7, false]);
  expect(refused?.details).toMatchObject({ rule: "unique", prefix: "users/", key: "users/b", keyEncoding: "utf8", path: "/email", reason: 'is that of "users/a"', heldBy: "users/a" });
  expect(refused?.hint).toBe('raftctl rules show "users/"');
  expect((await refusalOf(other!.kv.put("users/b", "{}")))?.details).toMatchObject({ rule: "schema", path: "/email", reason: "is missing" });
  expect(indexes(fixture)).toEqual(before);
});

test("of many writers of one unique value exactly one succeeds, and the next leader goes on refusing (S35)", { timeout }, async () => {
  await using fixture = await startCluster(3);
  const clients = fixture.cluster.nodes.map((node) => fixture.client(node));
  await clients[0]!.admin.call("rulesSet", { rule: JSON.stringify(users), dryRun: false });
  const write = (number: number): Promise<string> => clients[number % 3]!.kv.put(`users/${number}`, user("wanted")).then(() => "ok", (error: unknown) => toRaftctlError(error).code);
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, number) => write(number)));
  expect(outcomes.toSorted().slice(0, 59)).toEqual(Array.from({ length: 59 }, () => "REJECTED"));
  expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(1);
  await clients[0]!.admin.call("leaderTransfer", { to: null, dryRun: false });
  expect(await write(100)).toBe("REJECTED");
  await clients[1]!.kv.delete(`users/${outcomes.indexOf("ok")}`);
  expect(await write(101)).toBe("ok");
});

test("a rule that the data contradicts is refused with the keys, a dry run changes nothing, and a check names what would not be let in", { timeout }, async () => {
  await using fixture = await startCluster(1);
  const { admin, kv } = fixture.client(fixture.leader());
  await Promise.all([kv.put("users/a", user("x")), kv.put("users/b", user("x")), kv.put("users/c", "{}")]);
  const contradicted = await refusalOf(admin.call("rulesSet", { rule: JSON.stringify(users), dryRun: true }));
  expect([contradicted?.code, contradicted?.message]).toEqual(["CONFLICT", '/email is not unique under "users/": "users/a", "users/b" have "x"']);
  const check = await admin.call("rulesCheck", { prefix: "users/", rule: JSON.stringify(users) });
  expect([check.keys, check.violations]).toEqual([3, 2]);
  expect(check.found.map(({ key, rule, path, reason }) => [key, rule, path, reason])).toEqual([["users/b", "unique", "/email", 'is that of "users/a"'], ["users/c", "schema", "/email", "is missing"]]);
  await kv.delete("users/b");
  expect((await admin.call("rulesSet", { rule: JSON.stringify(users), dryRun: true })).applied).toBe(false);
  expect((await admin.call("rules", {})).rules).toEqual([]);
  expect((await admin.call("rulesSet", { rule: JSON.stringify(users), dryRun: false })).indexes).toEqual([{ field: "/email", keys: 1, isComplete: true }]);
  expect((await admin.call("rulesDelete", { prefix: "users/", dryRun: true })).applied).toBe(false);
  expect((await refusalOf(kv.put("users/b", user("x"))))?.code).toBe("REJECTED");
  expect((await admin.call("rulesDelete", { prefix: "users/", dryRun: false })).applied).toBe(true);
  await kv.put("users/b", user("x"));
  expect((await refusalOf(admin.call("rulesDelete", { prefix: "users/", dryRun: false })))?.code).toBe("NOT_FOUND");
  expect((await refusalOf(admin.call("rulesSet", { rule: "{", dryRun: false })))?.code).toBe("INVALID_ARGUMENT");
});

test("operators who set rules at the same time each get theirs", { timeout }, async () => {
  await using fixture = await startCluster(3);
  const clients = fixture.cluster.nodes.map((node) => fixture.client(node));
  const prefixes = ["a/", "b/", "c/", "d/", "e/", "f/"];
  await Promise.all(prefixes.map((prefix, place) => clients[place % 3]!.admin.call("rulesSet", { rule: JSON.stringify({ prefix, maxValueBytes: place }), dryRun: false })));
  expect((await clients[0]!.admin.call("rulesCheck", { prefix: "f/", rule: null })).rule).toEqual({ prefix: "f/", maxValueBytes: 5 });
  expect((await clients[0]!.admin.call("rules", {})).rules.map(({ rule }) => rule.prefix)).toEqual(prefixes);
});
