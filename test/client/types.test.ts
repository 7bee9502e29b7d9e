// The types of the client library: most of this is checked by the compiler, and the run only completes it.

import { expectTypeOf, test } from "vitest";
import {
  type Client, type CallOptions, type CommandResult, type ErrorCode, type ExitCode, type KeyValue, type Lease, type Leases, type Lock, type ReadOptions, type RequestOutcome, RaftctlError, type WriteOptions, type WriteReceipt,
} from "../../src/index.ts";

test("every call takes a time limit and a signal", () => {
  expectTypeOf<WriteOptions>().toExtend<CallOptions>();
  expectTypeOf<ReadOptions>().toExtend<CallOptions>();
  expectTypeOf<CallOptions["signal"]>().toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf<KeyValue["outcome"]>().parameter(1).toEqualTypeOf<CallOptions | undefined>();
  expectTypeOf<Client["admin"]["call"]>().parameter(2).toEqualTypeOf<CallOptions | undefined>();
  type Last<Items extends readonly unknown[]> = Required<Items> extends readonly [...unknown[], infer Item] ? Item : never;
  type Takes<Owner, Names extends keyof Owner> = { [Name in Names]: Owner[Name] extends (...args: infer Args) => unknown ? (AbortSignal extends Required<NonNullable<Last<Args>>>["signal" & keyof NonNullable<Last<Args>>] ? true : Name) : Name }[Names];
  expectTypeOf<Takes<KeyValue, keyof KeyValue>>().toEqualTypeOf<true>();
  expectTypeOf<Takes<Leases, keyof Leases>>().toEqualTypeOf<true>();
  expectTypeOf<Takes<Client, "watch" | "listAndWatch" | "lock" | "elect" | "leader" | "leaders">>().toEqualTypeOf<true>();
  expectTypeOf<Takes<Lease, "revoke">>().toEqualTypeOf<true>();
  expectTypeOf<Takes<Lock, "release">>().toEqualTypeOf<true>();
});

test("a receipt has a result only when execution was waited for, and says so", () => {
  expectTypeOf<WriteReceipt["result"]>().toEqualTypeOf<CommandResult | undefined>();
  expectTypeOf<KeyValue["put"]>().returns.resolves.toEqualTypeOf<WriteReceipt>();
});

test("the outcome of a request has a result exactly when it was applied", () => {
  const versionOf = (outcome: RequestOutcome): number | undefined => (outcome.state === "applied" ? outcome.result.version : undefined);
  expectTypeOf(versionOf).returns.toEqualTypeOf<number | undefined>();
  expectTypeOf<Exclude<RequestOutcome, { state: "applied" }>>().not.toHaveProperty("result");
});

test("an error is narrowed by its class, its code by comparison, and no code is misspelt", () => {
  const judge = (thrown: unknown): ErrorCode | "none of ours" => (thrown instanceof RaftctlError ? thrown.code : "none of ours");
  expectTypeOf(judge).returns.toEqualTypeOf<ErrorCode | "none of ours">();
  expectTypeOf<RaftctlError["outcome"]>().toEqualTypeOf<"none" | "unknown">();
  expectTypeOf<RaftctlError["retryable"]>().toEqualTypeOf<boolean>();
  expectTypeOf<RaftctlError["exit"]>().toEqualTypeOf<ExitCode>();
  expectTypeOf<"CONFLICT" | "CANCELLED" | "UNKNOWN_OUTCOME">().toExtend<ErrorCode>();
  expectTypeOf<"CONFLICTS">().not.toExtend<ErrorCode>();
});

test("a client is disposed of by `using` and by `await using`", () => {
  expectTypeOf<Client>().toExtend<Disposable & AsyncDisposable>();
});
