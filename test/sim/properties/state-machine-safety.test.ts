// The checker of State Machine Safety: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { command } from "../../raft/harness/members.ts";
import { StateMachineSafety } from "./state-machine-safety.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const [n1, n2] = [new ReplicaDouble("n1"), new ReplicaDouble("n2")];

test("different entries applied at one index are a violation (§5.4.3)", () => {
  const property = new StateMachineSafety(crc32);
  property.applied(n1, [command(1, 1, "a"), command(2, 1, "b")]);
  expect(() => property.applied(n2, [command(1, 1, "a"), command(2, 1, "c")])).toThrow("n2 applies an entry of term 1 at index 2, where n1 applied another");
});

test("an entry of another term is another entry, whatever it says (§5.4.3)", () => {
  const property = new StateMachineSafety(crc32);
  property.applied(n1, [command(1, 1, "a")]);
  expect(() => property.applied(n2, [command(1, 2, "a")])).toThrow("State Machine Safety");
});

test("different entries applied by one node in two boots are a violation (§5.4.3)", () => {
  const property = new StateMachineSafety(crc32);
  const replica = new ReplicaDouble("n1");
  property.applied(replica, [command(1, 1, "a")]);
  replica.reboot();
  expect(() => property.applied(replica, [command(1, 1, "b")])).toThrow("State Machine Safety");
});

test("an index that is left out, or applied twice in one boot, is a violation (§5.3)", () => {
  const skipping = new StateMachineSafety(crc32);
  skipping.applied(n1, [command(1, 1, "a")]);
  expect(() => skipping.applied(n1, [command(3, 1, "c")])).toThrow("n1 applies index 3 after index 1");
  const repeating = new StateMachineSafety(crc32);
  repeating.applied(n1, [command(1, 1, "a")]);
  expect(() => repeating.applied(n1, [command(1, 1, "a")])).toThrow("n1 applies index 1 after index 1");
});

test("what was lost with the power is applied again, and a snapshot skips what it holds", () => {
  const property = new StateMachineSafety(crc32);
  const replica = new ReplicaDouble("n1");
  property.applied(replica, [command(1, 1, "a"), command(2, 1, "b")]);
  replica.reboot();
  property.applied(replica, [command(1, 1, "a")]);
  property.installed(replica, 7);
  property.applied(replica, [command(8, 3, "h")]);
  property.applied(n2, [command(8, 3, "h")]);
});
