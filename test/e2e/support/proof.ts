// What a run under faults has to prove at its end: enough happened for it to count, the history is linearizable, and every acknowledged write is on
// every node.

import { expect } from "vitest";
import { utf8Text } from "../../../src/base/bytes.ts";
import type { TestCluster } from "./cluster.ts";
import type { Completed, History } from "../../../src/cli/check/history.ts";
import { checkLinearizability } from "../../../src/cli/check/linearizability.ts";

/** @param acknowledgedMin a run with fewer acknowledged operations is void, not green. */
export function expectLinearizable(history: History, acknowledgedMin: number): void {
  const operations = history.operations();
  expect(history.counts().ok).toBeGreaterThanOrEqual(acknowledgedMin);
  expect(checkLinearizability(operations)).toEqual({ verdict: "linearizable", operations: operations.length });
}

/**
 * On each running node by itself: a key whose last write was acknowledged, with nothing of unknown fate behind it, holds that value; the others
 * hold one of the values that were written.
 */
export async function expectNothingLost(cluster: TestCluster, history: History): Promise<void> {
  await cluster.waitForAgreement();
  const keys = Map.groupBy(history.operations().filter((item) => item.operation.kind !== "get"), (item) => item.key);
  for (const node of cluster.nodes.filter((candidate) => candidate.isRunning)) {
    const held = await contentOf(cluster, node.endpoint);
    const lost = [...keys].flatMap(([key, writes]) => (mayHold(writes).includes(held.get(key)) ? [] : [`${key}: ${held.get(key) ?? "absent"}`]));
    expect(lost, `keys of ${node.name}`).toEqual([]);
  }
}

/** The values that a key may have at the end, by the writes that were asked for; undefined for absent. */
function mayHold(writes: readonly Completed[]): (string | undefined)[] {
  const acknowledged = writes.filter((item) => item.outcome === "ok");
  const candidates = writes.filter((item) => item.outcome !== "failed"
    && !acknowledged.some((other) => item.returned !== undefined && other.called > item.returned));
  const values = candidates.map((item) => (item.operation.kind === "put" || item.operation.kind === "putIf" ? item.operation.value : undefined));
  return acknowledged.length === 0 ? [...values, undefined] : values;
}

async function contentOf(cluster: TestCluster, endpoint: string): Promise<Map<string, string | undefined>> {
  const client = cluster.client({ endpoints: [endpoint] });
  const held = new Map<string, string | undefined>();
  for await (const page of client.kv.pages({}, { consistency: "stale" })) {
    for (const item of page.records) held.set(utf8Text(item.key) ?? "", utf8Text(item.value));
  }
  client.close();
  return held;
}
