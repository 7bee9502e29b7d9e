import { expect, test } from "vitest";
import { traceText, type TraceDocument } from "../../src/cli/write-trace.ts";

const trace: TraceDocument = {
  leader: "n1", admittedMs: 0.02, appendedMs: 0.05, committedMs: 2.4, appliedMs: 2.6, answeredMs: 2.6, clientMs: 3.1, stragglers: ["n3"],
  members: [
    { name: "n1", role: "leader", durableMs: 1.9 }, { name: "n2", role: "voter", durableMs: 2.4 }, { name: "n3", role: "voter", durableMs: 41.04 },
    { name: "n4", role: "learner", durableMs: null },
  ],
};

test("a trace is a table in order of time with bars; the straggler is named with its distance, and the client's way with the hop (N10)", () => {
  expect(traceText(trace, "n2").split("\n").map((line) => line.trimEnd())).toEqual([
    "      AT  STEP       WHERE",
    " 0.00 ms  received   n1",
    " 0.02 ms  admitted   n1",
    " 0.05 ms  appended   n1",
    " 1.90 ms  durable    n1 (leader)   █",
    " 2.40 ms  durable    n2            █",
    " 2.40 ms  committed  a majority    █",
    " 2.60 ms  applied    n1            ██",
    " 2.60 ms  answered   n1            ██",
    "41.04 ms  durable    n3 straggler  ████████████████████████",
    "       -  durable    n4 (learner)",
    "straggler: n3, 38.64 ms behind the majority",
    "the client waited 3.10 ms: 0.50 ms of it on the way through n2 to n1 and back",
  ]);
});

test("who is silent is a straggler without a time, and who completed the majority is only the last", () => {
  expect(traceText({ ...trace, members: [...trace.members.slice(0, 2), { name: "n3", role: "voter", durableMs: null }] }, undefined)).toMatch(
    / +- {2}durable {4}n3 straggler\s*\nstraggler: n3 had not acknowledged when the leader stopped waiting for it\nthe client waited 3\.10 ms: 0\.50 ms of it on the way to n1 and back$/,
  );
  expect(traceText({ ...trace, members: trace.members.slice(0, 2), stragglers: ["n2"] }, undefined)).toContain("last: n2, which completed the majority\n");
});

test("a write that takes no time and a leader that did not answer are no trouble", () => {
  const none = { admittedMs: 0, appendedMs: 0, committedMs: null, appliedMs: null, answeredMs: null, members: [], stragglers: [], leader: "n1", clientMs: 0 };
  expect(traceText(none, undefined)).toMatch(/- {2}committed {2}a majority\n[^]*\nthe client waited 0\.00 ms$/);
});
