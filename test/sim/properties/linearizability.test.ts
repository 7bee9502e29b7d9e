import { expect, test } from "vitest";
import { History } from "../../../src/cli/check/history.ts";
import { judgeHistory } from "./linearizability.ts";
import { Violation } from "./property.ts";

test("a read that is older than an acknowledged write is a violation (S111)", () => {
  const history = new History(() => 0);
  history.begin("c1", "k", { kind: "put", value: "a" }).ok({ version: 1 });
  history.begin("c1", "k", { kind: "put", value: "b" }).ok({ version: 2 });
  history.begin("c2", "k", { kind: "get" }).ok({ value: "a", version: 1 });
  expect(() => judgeHistory(history.operations())).toThrow(Violation);
});

test("a write of unknown fate may show itself late, or never (H20)", () => {
  const history = new History(() => 0);
  history.begin("c1", "k", { kind: "put", value: "a" }).ok({ version: 1 });
  const lost = history.begin("c1", "k", { kind: "put", value: "b" });
  lost.unknown();
  history.begin("c2", "k", { kind: "get" }).ok({ value: "a", version: 1 });
  history.begin("c2", "k", { kind: "get" }).ok({ value: "b", version: 2 });
  expect(() => judgeHistory(history.operations())).not.toThrow();
});
