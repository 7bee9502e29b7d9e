// What a forming node says of itself: how many it has found, whom it waits for, and what waiting does not mend.

import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import type { ClusterId } from "../../../src/base/ids.ts";
import { formationProgress, type FormationState } from "../../../src/daemon/formation/progress.ts";
import type { Finding } from "../../../src/daemon/formation/rules.ts";
import type { FormationProgress } from "../../../src/wire/admin-protocol.ts";
import { idOf } from "../../host/support/members.ts";

const own: Finding = { address: "h1:1", kind: "self" };
const silent: Finding = { address: "h9:1", kind: "silent", reason: "h9:1 refused the connection" };
const forming = (number: number, vote?: number): Finding => ({ address: `h${number}:1`, kind: "forming", nodeId: idOf(number), name: `n${number}`, vote: vote === undefined ? undefined : idOf(vote) });
const member = (number: number, digit: string): Finding => ({ address: `h${number}:1`, kind: "member", name: `n${number}`, cluster: { id: digit.repeat(32) as ClusterId, incarnation: 1 } });
const refused = (code: "CONFLICT" | "INCOMPATIBLE", hint?: string): Finding => ({ address: "h7:1", kind: "refused", reason: "no", code, hint });

function progress(findings: readonly Finding[], { vote, join = "auto", ...more }: { vote?: number; join?: "auto" | "never"; lookupFailure?: RaftctlError } = {}): FormationProgress {
  const self: FormationState["self"] = { nodeId: idOf(1), expect: 3, join, vote: vote === undefined ? undefined : idOf(vote) };
  return formationProgress({ self, source: "file:/nodes", findings, lookupFailure: undefined, ...more });
}

test("who is missing is named with what was met there (S71)", () => {
  expect(progress([own, forming(2), silent])).toMatchObject({ found: 2, expect: 3, vote: null, problem: null, waitsFor: "2 of 3 nodes found; h9:1: h9:1 refused the connection" });
  expect(progress([])).toMatchObject({ found: 1, waitsFor: "file:/nodes names no node" });
  expect(progress([own, forming(2, 1), forming(3)], { vote: 1 }).waitsFor).toBe("3 of 3 nodes found, their votes are being collected");
});

test("a source that cannot be read is said, also when what it named before is still known", () => {
  const lookupFailure = new RaftctlError("NOT_FOUND", "the discovery file /nodes is not there");
  expect(progress([], { lookupFailure }).waitsFor).toBe("the discovery file /nodes is not there");
  expect(progress([own, forming(2)], { lookupFailure }).waitsFor).toBe("2 of 3 nodes found; the discovery file /nodes is not there");
});

test("the node that holds this node's vote is named when it is away", () => {
  expect(progress([own, forming(2), forming(3), silent], { vote: 8 }).waitsFor).toBe(
    "3 of 3 nodes found, but not node 8, which holds this node's vote: start it again; h9:1: h9:1 refused the connection",
  );
  expect(progress([own, forming(2, 2), forming(3)], { vote: 2 }).waitsFor).toBe("3 of 3 nodes found, their votes are being collected");
});

test("enough nodes that agree at too few addresses are told that it takes more than half of them", () => {
  const away = ["h7:1", "h8:1", "h9:1"].map((address): Finding => ({ address, kind: "silent", reason: "no answer" }));
  expect(progress([own, forming(2, 1), forming(3, 1), ...away], { vote: 1 }).waitsFor).toBe(
    "3 of 3 nodes found and agreed, but at 3 of the 6 addresses that file:/nodes names: it takes more than half of them; h7:1: no answer; h8:1: no answer; h9:1: no answer",
  );
  expect(progress([own, forming(2, 2), forming(3, 2), ...away], { vote: 2 }).waitsFor).toContain("agreed, but at 3 of the 6 addresses");
});

test("of many that are missing a few are named, and how many more there are", () => {
  const away = Array.from({ length: 200 }, (_, number): Finding => ({ address: `h${number}:9`, kind: "silent", reason: "no answer" }));
  expect(progress([own, ...away]).waitsFor).toMatch(/^1 of 3 nodes found(; h\d:9: no answer){5}; and 195 more: raftctl discovery probe --discovery file:\/nodes$/);
  expect(progress([own, ...away]).addresses).toHaveLength(201);
});

test("several addresses that answer with the own id are said to be copies, if they are several nodes", () => {
  expect(progress([own, { address: "h2:1", kind: "self" }]).waitsFor).toBe("1 of 3 nodes found; h1:1, h2:1 answer with this node's own id: if these are several nodes, their directories are copies of one");
});

test("a refusal is a problem when nobody agrees with this node, with its own code and remedy, and none when somebody does", () => {
  expect(progress([own, refused("CONFLICT", "give every node the same --expect")]).problem).toEqual({ code: "CONFLICT", message: "h7:1 refuses this node: no", hint: "give every node the same --expect" });
  expect(progress([own, refused("INCOMPATIBLE")]).problem).toMatchObject({ code: "INCOMPATIBLE", hint: expect.stringContaining("then init again") as string });
  expect(progress([own, forming(2), refused("CONFLICT")]).problem).toBeNull();
});

test("two clusters behind one source, or one that may not be joined, are a problem", () => {
  expect(progress([own, member(2, "a"), member(3, "b")]).problem).toMatchObject({ code: "CONFLICT", message: `file:/nodes names nodes of 2 clusters: ${"a".repeat(32)}, ${"b".repeat(32)}` });
  expect(progress([own, member(2, "a")], { join: "never" }).problem).toMatchObject({ code: "CONFLICT", message: `cluster ${"a".repeat(32)} is there already, and discovery.join is never` });
  expect(progress([own, member(2, "a")]).problem).toBeNull();
  expect(progress([own, member(2, "a")], { join: "never", vote: 2 }).problem).toBeNull();
});

test("every address is listed with what stands there", () => {
  expect(progress([own, forming(2), member(3, "a"), silent, refused("CONFLICT")]).addresses).toEqual([
    { address: "h1:1", state: "self", detail: "this node" },
    { address: "h2:1", state: "forming", detail: "n2" },
    { address: "h3:1", state: "member", detail: `n3, of cluster ${"a".repeat(32)}` },
    { address: "h9:1", state: "silent", detail: "h9:1 refused the connection" },
    { address: "h7:1", state: "refused", detail: "no" },
  ]);
});
