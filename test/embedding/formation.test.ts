// The restart rule of the volatile log: a node that has forgotten its votes never votes again under the same id (S105, §5.2).

import { afterEach, beforeEach, expect, test } from "vitest";
import { readdirSync } from "node:fs";
import { silentLogger } from "../../src/base/logger.ts";
import { codeOf, watch } from "../host/support/members.ts";
import { eventually } from "../platform/eventually.ts";
import { Counters } from "./counters.ts";

const founders = ["1", "2", "3"];
let counters: Counters;
beforeEach(() => {
  counters = new Counters();
});
afterEach(() => counters.stop());

test("nobody takes part before all founders have met", async () => {
  const early = [watch(counters.found("1", founders)), watch(counters.found("2", founders))];
  await eventually(() => counters.network.greetings).toBeGreaterThan(4);
  expect(early.map(({ state }) => state)).toEqual(["pending", "pending"]);
  const { raft } = await counters.found("3", founders);
  expect((await raft.client({ entry: { add: 1 } })).result).toBe(1);
});

test("a founder that lost its memory is refused by those that took part, and says what to do (S105)", async () => {
  await Promise.all(founders.map((id) => counters.found(id, founders)));
  await counters.node("3").raft.stop();
  await expect(counters.found("3", founders)).rejects.toMatchObject({
    code: "INCARNATION_REFUSED", message: expect.stringContaining("node 3 was here before") as unknown, hint: expect.stringContaining("`join`") as unknown,
  });
  expect(counters.nodes).toHaveLength(3);
  const replacement = await counters.join("1", "2");
  await eventually(() => replacement.raft.membership.voters.length).toBe(4);
  await counters.remove("3");
  expect((await replacement.raft.client({ entry: { add: 1 } })).result).toBe(1);
});

test("a founder that begins again before anybody took part is welcome", async () => {
  const patience = new AbortController();
  const given = counters.found("3", founders, { signal: patience.signal });
  const first = counters.found("1", founders);
  await eventually(() => counters.network.greetings).toBeGreaterThan(2);
  patience.abort();
  expect(await codeOf(given)).toBe("CANCELLED");
  const { raft } = (await Promise.all([first, counters.found("3", founders), counters.found("2", founders)]))[0];
  expect((await raft.client({ entry: { add: 1 } })).result).toBe(1);
});

test("founders that do not agree who they are found nothing: who greets with another list is refused, and the one that refuses says so in its log", async () => {
  const patience = new AbortController();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: unknown, sentence: string) => void warnings.push(sentence) };
  const extra = { signal: patience.signal, logger };
  const starts = [counters.found("1", ["1", "2"], extra), counters.found("2", ["1", "2", "3"], extra)];
  const ends = Promise.all(starts.map(codeOf));
  await expect(Promise.race(starts)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(/founds with/) as unknown });
  expect(warnings[0]).toMatch(/other founders than this one has/);
  patience.abort();
  expect((await ends).every((code) => code === "CONFIG_INVALID" || code === "CANCELLED")).toBe(true);
});

test("founders that all begin again are another region: what is left of the old one does not reach it, and is not counted with it (S105)", async () => {
  await Promise.all(founders.map((id) => counters.found(id, founders)));
  const [seven, eight] = [await counters.join("1"), await counters.join("1")];
  await eventually(() => seven.raft.membership.voters.length).toBe(5);
  for (const id of ["2", "3"]) await counters.remove(id);
  await eventually(() => seven.raft.membership.voters.length).toBe(3);
  await Promise.all(founders.map((id) => counters.node(id).raft.stop()));
  await Promise.all(founders.map((id) => counters.found(id, founders)));
  expect((await counters.node("1").raft.client({ entry: { add: 100 } })).result).toBe(100);
  await eventually(() => founders.includes(seven.raft.leader ?? "1")).toBe(false);
  expect((await seven.raft.client({ entry: { add: 1 } })).result).toBe(1);
  await eight.raft.stop();
  expect(await codeOf(seven.raft.client({ entry: { add: 1 }, timeoutMs: 1_000 }))).toMatch(/^(NO_LEADER|UNKNOWN_OUTCOME)$/);
  expect(counters.node("1").raft.membership.voters).toEqual(founders);
});

test("a node in memory makes no file (S105)", async () => {
  const before = readdirSync(process.cwd());
  const { raft } = await counters.found("1", ["1"]);
  await raft.client({ entry: { add: 1 } });
  await raft.takeSnapshot();
  expect(readdirSync(process.cwd())).toEqual(before);
});

test("a greeting that is none is refused, and so is a request that an embedded node does not know", async () => {
  await counters.found("1", ["1"]);
  const stranger = counters.network.connect("2").network.forGroup(1 as never);
  await counters.network.connect("2").start({} as never);
  const ask = (method: string, params: unknown) => codeOf(stranger.admin("1" as never, { type: "admin", hops: 0, method, params, timeoutMs: 1_000 }, { timeoutMs: 1_000 }));
  for (const params of [undefined, null, {}, { incarnation: 1, founders: [] }, { incarnation: "1", founders: "2" }]) expect(await ask("greet", params)).toBe("BAD_REQUEST");
  expect(await ask("greet", { incarnation: "1", founders: ["1", "2"] })).toBe("CONFIG_INVALID");
  expect(await ask("greet", { incarnation: "1", founders: ["1"] })).toBe("INCARNATION_REFUSED");
  expect(await ask("shutdown", {})).toBe("BAD_REQUEST");
  for (const params of [undefined, null, {}, { id: "x" }, { id: "1", address: 7 }]) expect(await ask("join", params)).toMatch(/^(BAD_REQUEST|INVALID_ARGUMENT)$/);
});
