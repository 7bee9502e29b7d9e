// Before the first figure a store does for a while what will be measured, so that no figure is of V8's compiler at work.

import { measure } from "./load.ts";
import type { Suite } from "./suite.ts";
import type { Connections } from "./target.ts";

const inFlight = 256;

export function runIn(operation: (connections: Connections) => (lane: number) => Promise<void>): NonNullable<Suite["prepare"]> {
  return async ({ connections, target: { nodes } }, { runInSeconds }) => {
    await measure({ inFlight, seconds: runInSeconds, warmUpMs: 0, nodes, operate: operation(connections) });
  };
}
