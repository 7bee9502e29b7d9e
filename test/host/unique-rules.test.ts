// Unique fields under everything that may happen to a cluster (S35): concurrent writes, deletes and conditions through all nodes, leaders that change, nodes
// that start again. After every entry no two keys have the same value, and no write is refused that nothing stood in the way of.

import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { toRaftctlError } from "../../src/base/errors.ts";
import type { Condition } from "../../src/wire/command.ts";
import { encodeCommand, type Command } from "../../src/wire/command.ts";
import { decodeResult } from "../../src/wire/command-result.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { electionTimeout } from "./support/cluster.ts";
import { RuledCluster } from "./support/ruled-cluster.ts";

const rule = { prefix: "u/", unique: ["/v"] };
const keys = ["u/a", "u/b", "u/c", "u/d"];

interface Write {
  readonly kind: "put" | "delete" | "clear";
  readonly key: number;
  readonly value: number;
  readonly condition: Condition | undefined;
  readonly node: number;
}
type Step = { readonly kind: "writes"; readonly writes: readonly Write[]; readonly pauseMs: number } | { readonly kind: "isolate"; readonly node: number } | { readonly kind: "restart"; readonly node: number } | { readonly kind: "heal" };

const condition = fc.option(fc.oneof(fc.constant({ kind: "absent" } as const), fc.record({ kind: fc.constant("version" as const), version: fc.integer({ min: 0, max: 3 }) })), { nil: undefined, freq: 4 });
const write: fc.Arbitrary<Write> = fc.record({ kind: fc.constantFrom("put", "put", "put", "put", "delete", "clear"), key: fc.nat(3), value: fc.nat(2), condition, node: fc.nat(2) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("writes" as const), writes: fc.array(write, { minLength: 1, maxLength: 8 }), pauseMs: fc.constantFrom(0, 1, 20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("isolate" as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "heal" as const }) },
);

function commandOf({ kind, key, value, condition: when }: Write, sequence: number): Command {
  const session = sequence % 3 === 0 ? { id: 7n, sequence } : undefined;
  if (kind === "clear") return { operation: "deleteRange", start: utf8("u/b"), end: utf8("u/d"), session };
  if (kind === "delete") return { operation: "delete", key: utf8(keys[key]!), wantPrevious: false, condition: when, session };
  return { operation: "put", key: utf8(keys[key]!), value: utf8(JSON.stringify({ v: value })), wantPrevious: false, condition: when, session };
}

function valuesOf(machine: Machine): string[] {
  return machine.range({ start: utf8("u/"), end: utf8("u0"), limit: 10, keysOnly: false, countOnly: false }).records.map(({ value }) => new TextDecoder().decode(value));
}

function expectUnique(machine: Machine): void {
  const values = valuesOf(machine);
  expect(new Set(values).size, values.join()).toBe(values.length);
}

async function run(steps: readonly Step[]): Promise<void> {
  const ruled = await RuledCluster.led([rule], { onEntry: expectUnique });
  const { cluster } = ruled;
  const { hub, clock, nodes } = cluster;
  const outcomes: { code: string; heldBy: unknown }[] = [];
  let sequence = 0;
  for (const each of steps) {
    if (each.kind === "heal") hub.heal();
    else if (each.kind === "isolate") hub.isolate(nodes[each.node]!.id);
    else if (each.kind === "restart") await cluster.restart(nodes[each.node]!);
    else {
      for (const one of each.writes) {
        sequence += 1;
        const command = encodeCommand(commandOf(one, sequence));
        nodes[one.node]!.gateway.propose(command, { waitFor: "applied", timeoutMs: 3 * electionTimeout }).then(
          ({ result }) => outcomes.push({ code: decodeResult(result).status, heldBy: undefined }),
          (error: unknown) => outcomes.push({ code: toRaftctlError(error).code, heldBy: toRaftctlError(error).details?.["heldBy"] }),
        );
      }
      await clock.advance(each.pauseMs);
    }
  }
  hub.heal();
  await cluster.elect();
  await clock.advance(4 * electionTimeout);
  await cluster.converge();
  expect(outcomes).toHaveLength(sequence);
  for (const { code, heldBy } of outcomes) {
    if (code === "REJECTED") expect(keys).toContain(heldBy);
    else expect(["ok", "conflict", "TIMEOUT", "NO_LEADER", "NOT_LEADER", "STOPPED", "UNKNOWN_OUTCOME", "sessionExpired"]).toContain(code);
  }
  for (const node of nodes) expect(node.fatal).toEqual([]);
  await expectFreeIsFree(ruled);
  cluster.stop();
}

/** When nothing is under way, a write is refused exactly when another key has the value. */
async function expectFreeIsFree(ruled: RuledCluster): Promise<void> {
  const { leader } = ruled.cluster;
  for (const value of [0, 1, 2]) {
    const text = JSON.stringify({ v: value });
    const isHeld = valuesOf(ruled.of(leader).machine).includes(text);
    const outcome = await ruled.write({ operation: "put", key: utf8("u/new"), value: utf8(text), wantPrevious: false }).then(() => "ok", (error: unknown) => toRaftctlError(error).code);
    expect(outcome).toBe(isHeld ? "REJECTED" : "ok");
    if (!isHeld) await ruled.write({ operation: "delete", key: utf8("u/new"), wantPrevious: false });
  }
}

test("whatever is written at the same time and however leaders change, no two keys ever have the same value, and what is free can be had (S35)", { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), run), { numRuns: 60 });
});

test("a write waits for the one before it that may take its value or free it, and is then judged by what became of that (S35)", async () => {
  const ruled = await RuledCluster.led([rule]);
  const { cluster } = ruled;
  const { leader } = cluster;
  const put = (key: string, value: number, when?: Condition): Promise<string> =>
    leader.raft.propose(encodeCommand({ operation: "put", key: utf8(key), value: utf8(JSON.stringify({ v: value })), wantPrevious: false, condition: when }), { waitFor: "applied", timeoutMs: 5_000 })
      .then(({ result }) => decodeResult(result).status, (error: unknown) => toRaftctlError(error).code);
  await cluster.run(put("u/a", 1));
  const never = { kind: "version", version: 9 } as const;
  const outcomes = Promise.all([put("u/a", 2), put("u/b", 1), put("u/b", 2), put("u/c", 3, never), put("u/d", 3), put("u/d", 4), put("u/e", 4)]);
  expect(await cluster.run(outcomes)).toEqual(["ok", "ok", "REJECTED", "conflict", "ok", "ok", "REJECTED"]);
  cluster.stop();
});
