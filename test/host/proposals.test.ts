// Every proposal ends in one of three ways: done, surely not applied, or unknown (H20).

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Proposals, type Proposed, type Waiter } from "../../src/host/proposals.ts";
import { bytes, command, text, watch, type Watched } from "./support/members.ts";

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function propose(proposals: Proposals, ticket: number, options: Partial<Pick<Waiter, "waitFor" | "deadline">> = {}): Watched<Proposed> {
  const outcome = new Promise<Proposed>((resolve, reject) => {
    proposals.add(ticket, { waitFor: "applied", deadline: 1_000, ...options, resolve, reject });
  });
  return watch(outcome);
}

test("an applied entry answers with its index, its term and the result of the state machine (S43)", async () => {
  const proposals = new Proposals();
  const outcome = propose(proposals, 1);
  proposals.appended(1, 7, 3);
  proposals.committed([command(7, 3)]);
  await flush();
  expect(outcome.state).toBe("pending");
  proposals.applied([command(6, 3), command(7, 3)], [bytes("six"), bytes("seven")]);
  await flush();
  expect({ ...outcome.value, result: text(outcome.value!.result) }).toEqual({ index: 7, term: 3, result: "seven" });
  expect(proposals.waiting).toBe(0);
});

test("who waits for commitment only is answered before anything is applied, without a result (S44, S45)", async () => {
  const proposals = new Proposals();
  const outcome = propose(proposals, 1, { waitFor: "committed" });
  proposals.appended(1, 7, 3);
  proposals.committed([command(7, 3)]);
  await flush();
  expect(outcome.value).toEqual({ index: 7, term: 3, result: new Uint8Array(0) });
});

test("where it is not certain that it will be executed, who waits for commitment is answered when it is, with the result (S44, S112)", async () => {
  const asked: number[][] = [];
  const proposals = new Proposals((committed) => (asked.push(committed.map(({ index }) => index)), ({ index }) => index !== 8));
  const outcomes = [7, 8, 9].map((index) => {
    const outcome = propose(proposals, index, { waitFor: "committed" });
    proposals.appended(index, index, 3);
    return outcome;
  });
  const entries = [command(6, 3), command(7, 3), command(8, 3), command(9, 3)];
  proposals.committed(entries);
  await flush();
  expect(outcomes.map(({ value }) => value?.index)).toEqual([7, undefined, 9]);
  expect(asked).toEqual([[6, 7, 8, 9]]);
  proposals.applied(entries, [bytes("six"), bytes("seven"), bytes("eight"), bytes("nine")]);
  await flush();
  expect(text(outcomes[1]!.value!.result)).toBe("eight");
});

test("an entry of another term at the same index means that the proposal was surely not applied (H20)", async () => {
  const proposals = new Proposals();
  const [byCommit, byTruncation, kept] = [propose(proposals, 1), propose(proposals, 2), propose(proposals, 3)];
  proposals.appended(1, 7, 3);
  proposals.appended(2, 9, 3);
  proposals.appended(3, 8, 3);
  proposals.committed([command(7, 4)]);
  proposals.truncated(9);
  await flush();
  for (const outcome of [byCommit, byTruncation]) {
    expect(outcome.error?.code).toBe("NOT_LEADER");
    expect(outcome.error?.message).toContain("not applied");
  }
  expect(kept.state).toBe("pending");
});

test("a proposal placed again at an index of an earlier one proves that the earlier one is gone (H20)", async () => {
  const proposals = new Proposals();
  const [earlier, later] = [propose(proposals, 1), propose(proposals, 2)];
  proposals.appended(1, 7, 3);
  proposals.appended(2, 7, 5);
  await flush();
  expect(earlier.error?.code).toBe("NOT_LEADER");
  proposals.committed([command(7, 5)]);
  proposals.applied([command(7, 5)], [bytes("x")]);
  await flush();
  expect(later.value?.term).toBe(5);
});

test("a snapshot that covers the index leaves the outcome unknown (H20)", async () => {
  const proposals = new Proposals();
  const [covered, behind] = [propose(proposals, 1), propose(proposals, 2)];
  proposals.appended(1, 7, 3);
  proposals.appended(2, 8, 3);
  proposals.covered(7);
  await flush();
  expect(covered.error?.code).toBe("UNKNOWN_OUTCOME");
  expect(covered.error?.details).toEqual({ index: 7 });
  expect(behind.state).toBe("pending");
});

test("time over is unknown when the entry is in the log, and surely nothing when it never was (H20)", async () => {
  const proposals = new Proposals();
  const [placed, unplaced] = [propose(proposals, 1, { deadline: 500 }), propose(proposals, 2, { deadline: 500 })];
  proposals.appended(1, 7, 3);
  proposals.expire(499);
  await flush();
  expect([placed.state, unplaced.state]).toEqual(["pending", "pending"]);
  proposals.expire(500);
  await flush();
  expect([placed.error?.code, unplaced.error?.code]).toEqual(["UNKNOWN_OUTCOME", "TIMEOUT"]);
  proposals.appended(2, 8, 3);
  expect(proposals.waiting).toBe(0);
});

test("lost leadership shortens every wait and lengthens none (H20)", async () => {
  const proposals = new Proposals();
  const [long, short] = [propose(proposals, 1, { deadline: 60_000 }), propose(proposals, 2, { deadline: 100 })];
  proposals.appended(1, 7, 3);
  proposals.appended(2, 8, 3);
  proposals.limit(1_000);
  proposals.expire(999);
  await flush();
  expect(short.error?.code).toBe("UNKNOWN_OUTCOME");
  expect(long.state).toBe("pending");
  proposals.expire(1_000);
  await flush();
  expect(long.error?.code).toBe("UNKNOWN_OUTCOME");
});

test("a refusal reaches the one whose ticket it is, and nobody else's ticket is taken", async () => {
  const proposals = new Proposals();
  const outcome = propose(proposals, 1);
  expect(proposals.refused(2, new RaftctlError("BUSY", "full"))).toBe(false);
  expect(proposals.refused(1, new RaftctlError("BUSY", "full"))).toBe(true);
  await flush();
  expect(outcome.error?.code).toBe("BUSY");
});

test("when the node stops, what entered the log is unknown and what did not is told why (H20)", async () => {
  const proposals = new Proposals();
  const [placed, unplaced] = [propose(proposals, 1), propose(proposals, 2)];
  proposals.appended(1, 7, 3);
  proposals.failAll(new RaftctlError("STOPPED", "this node is stopping"));
  await flush();
  expect([placed.error?.code, unplaced.error?.code]).toEqual(["UNKNOWN_OUTCOME", "STOPPED"]);
  expect(proposals.waiting).toBe(0);
});
