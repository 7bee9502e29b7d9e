// The types of an embedded node: most of this is checked by the compiler, and the run only completes it.

import { expectTypeOf, test } from "vitest";
import type { CallOptions, ClientRequest, EntrySession, FounderOptions, LogPosition, MemoryNetwork, NewcomerOptions, Outcome, Raft, RaftNodeOptions, StateMachine, StoredOptions } from "../../src/embedding/index.ts";

interface Deposit { readonly amount: number }
interface Overdrawn { readonly code: "OVERDRAWN"; readonly balance: number }

type Bank = Raft<Deposit, number, Overdrawn>;
type Starts<Options> = Options extends RaftNodeOptions<Deposit, number, Overdrawn> ? true : false;
type Without<Options, Key extends keyof Options> = Omit<Options, Key>;

test("a node cannot be started without a network, and not without a state machine or a storage (S30)", () => {
  expectTypeOf<Starts<FounderOptions<Deposit, number, Overdrawn>>>().toEqualTypeOf<true>();
  expectTypeOf<Starts<NewcomerOptions<Deposit, number, Overdrawn>>>().toEqualTypeOf<true>();
  expectTypeOf<Starts<StoredOptions>>().toEqualTypeOf<true>();
  expectTypeOf<Starts<Without<FounderOptions<Deposit, number, Overdrawn>, "network">>>().toEqualTypeOf<false>();
  expectTypeOf<Starts<Without<FounderOptions<Deposit, number, Overdrawn>, "machine">>>().toEqualTypeOf<false>();
  expectTypeOf<Starts<Without<FounderOptions<Deposit, number, Overdrawn>, "founders">>>().toEqualTypeOf<false>();
  expectTypeOf<Starts<Without<StoredOptions, "storage">>>().toEqualTypeOf<false>();
});

test("a command, its result and its refusal have the program's own types, and the one excludes the other (S37)", () => {
  expectTypeOf<ClientRequest<Deposit>["entry"]>().toEqualTypeOf<Deposit>();
  const executed = (raft: Bank) => raft.client({ entry: { amount: 1 } });
  type Answer = Awaited<ReturnType<typeof executed>>;
  expectTypeOf<Answer["index"]>().toEqualTypeOf<number>();
  expectTypeOf<Extract<Answer, { refused: Overdrawn }>["result"]>().toEqualTypeOf<undefined>();
  const balanceIn = (answer: Answer): number => (answer.refused === undefined ? answer.result : answer.refused.balance);
  expectTypeOf(balanceIn).returns.toEqualTypeOf<number>();
  // @ts-expect-error a command of another shape
  expectTypeOf<Bank["client"]>().toBeCallableWith({ entry: { amount: "1" } });
});

test("without refusals an answer always has its result", () => {
  expectTypeOf<Outcome<number, never>["result"]>().toEqualTypeOf<number>();
  expectTypeOf<Outcome<number, Overdrawn>["result"]>().toEqualTypeOf<number | undefined>();
});

test("whoever waits for commitment only cannot ask for a result (S45)", () => {
  const committed = (raft: Bank) => raft.client({ entry: { amount: 1 }, responseMode: "committed" });
  expectTypeOf(committed).returns.resolves.toEqualTypeOf<LogPosition>();
});

test("a state machine answers what it said that it would, and refuses with nothing else", () => {
  expectTypeOf<{ apply: (command: Deposit) => { result: number }; snapshot: () => Uint8Array; restore: (snapshot: Uint8Array) => void }>()
    .toExtend<StateMachine<Deposit, number, Overdrawn>>();
  expectTypeOf<{ apply: (command: Deposit) => { refused: { code: "CLOSED" } }; snapshot: () => Uint8Array; restore: (snapshot: Uint8Array) => void }>()
    .not.toExtend<StateMachine<Deposit, number, Overdrawn>>();
  expectTypeOf<MemoryNetwork["connect"]>().returns.toExtend<ReturnType<StoredOptions["network"]>>();
});

test("a program writes by `client` alone, which takes the entry, when to answer, and the session of a repetition (S32)", () => {
  expectTypeOf<keyof ClientRequest<Deposit>>().toEqualTypeOf<"entry" | "responseMode" | "session" | keyof CallOptions>();
  expectTypeOf<ClientRequest<Deposit>["responseMode"]>().toEqualTypeOf<"committed" | "applied" | undefined>();
  expectTypeOf<Bank["newSession"]>().returns.toEqualTypeOf<EntrySession>();
  type Looks = "id" | "isLeader" | "leader" | "membership" | "status" | "auditTrail" | "readable" | `waitFor${string}` | "ensureConsistency" | "forceReplication";
  type Lives = "changeMembership" | "transferLeadership" | "takeSnapshot" | "newSession" | "stop" | typeof Symbol.asyncDispose;
  expectTypeOf<Exclude<keyof Bank, Looks | Lives>>().toEqualTypeOf<"client">();
});

test("each call of a node that waits takes a time limit and a signal", () => {
  type Waits = "readable" | "waitForLeader" | "ensureConsistency" | "forceReplication" | "waitForCommit" | "waitForApplied" | "changeMembership" | "transferLeadership";
  type Last<Items extends readonly unknown[]> = Required<Items> extends readonly [...unknown[], infer Item] ? Item : never;
  type Takes = { [Name in Waits]: Last<Parameters<Bank[Name]>> extends CallOptions ? true : Name }[Waits];
  expectTypeOf<Takes>().toEqualTypeOf<true>();
  expectTypeOf<CallOptions>().toEqualTypeOf<{ readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined }>();
});
