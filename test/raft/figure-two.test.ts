// The names of Figure 2, Figure 13 and the dissertation, as the code has them: state, log and every RPC field.

import { expect, expectTypeOf, test } from "vitest";
import type { Entry, HardState } from "../../src/raft/entry.ts";
import type { AppendEntries, InstallSnapshot, PreVote, RequestVote, RequestVoteResponse, TimeoutNow } from "../../src/raft/message.ts";
import { Progress } from "../../src/raft/progress.ts";
import { State } from "../../src/raft/state.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, membershipOf, optionsOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

test("the state has the names of Figure 2 (S27)", () => {
  const state = new State(optionsOf("n1"), pristine(ofThree), 0);
  for (const name of ["currentTerm", "votedFor", "log", "commitIndex", "lastApplied"]) expect(state).toHaveProperty(name);
  const progress = new Progress(idOf("n2"), 1, 0);
  for (const name of ["nextIndex", "matchIndex"]) expect(progress).toHaveProperty(name);
  expectTypeOf<HardState>().toHaveProperty("currentTerm").toBeNumber();
  expectTypeOf<HardState>().toHaveProperty("votedFor");
  expectTypeOf<Entry>().toHaveProperty("term").toBeNumber();
  expectTypeOf<Entry>().toHaveProperty("index").toBeNumber();
});

test("requests on the wire have the fields of Figure 2 (S8)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  const ofType = (type: string): object => lone.sent.find((each) => each.message.type === type)!.message;
  expect(Object.keys(ofType("requestVote"))).toEqual(expect.arrayContaining(["term", "candidateId", "lastLogIndex", "lastLogTerm"]));
  expect(Object.keys(ofType("appendEntries"))).toEqual(
    expect.arrayContaining(["term", "leaderId", "prevLogIndex", "prevLogTerm", "entries", "leaderCommit"]),
  );
  expect(Object.keys(ofType("preVote"))).toEqual(expect.arrayContaining(["term", "candidateId", "lastLogIndex", "lastLogTerm"]));
  expectTypeOf<AppendEntries>().toHaveProperty("leaderId");
  expectTypeOf<RequestVote>().toHaveProperty("candidateId");
  expectTypeOf<PreVote>().toHaveProperty("candidateId");
  expectTypeOf<TimeoutNow>().toHaveProperty("leaderId");
  expectTypeOf<InstallSnapshot>().toHaveProperty("leaderId");
});

test("responses on the wire have the fields of Figure 2 (S8)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  const [vote] = lone.requestVote("n2", { term: 1 });
  expect(vote).toMatchObject({ term: 1, voteGranted: true });
  const [success] = lone.appendEntries("n2", { term: 1 });
  expect(success).toMatchObject({ term: 1, success: true });
  expectTypeOf<RequestVoteResponse>().toHaveProperty("voteGranted").toBeBoolean();
});
