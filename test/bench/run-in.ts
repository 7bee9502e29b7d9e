// Before the first figure a store does for a while what will be measured. V8 compiles what runs often: of a process that was just started and is asked
// for one thing at a time, it has compiled little after a minute, and what was measured then would be the compiler.

import { measure } from "./load.ts";
import type { Suite } from "./suite.ts";
import type { Connections } from "./target.ts";

const inFlight = 256;

export function runIn(operation: (connections: Connections) => (lane: number) => Promise<void>): NonNullable<Suite["prepare"]> {
  return async ({ connections, target: { nodes } }, { runInSeconds }) => {
    await measure({ inFlight, seconds: runInSeconds, warmUpMs: 0, nodes, operate: operation(connections) });
  };
}
