// Before the first figure a store does for a while what will be measured, so that no figure is of V8's compiler at work: much at a time, and then one at a time,
// because what is done once for each turn of an event loop is seldom done when a turn has much to do.

import { measure } from "./load.ts";
import type { Suite } from "./suite.ts";
import type { Connections } from "./target.ts";

const inFlights = [256, 1];

export function runIn(operation: (connections: Connections) => (lane: number) => Promise<void>): NonNullable<Suite["prepare"]> {
  return async ({ connections, target: { nodes } }, { runInSeconds }) => {
    for (const inFlight of inFlights) await measure({ inFlight, seconds: runInSeconds, warmUpMs: 0, nodes, operate: operation(connections) });
  };
}
