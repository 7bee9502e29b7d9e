// The flags of `check perf`, and what they mean together: one of the sizes that etcdctl check perf has, or a load of one's own.

import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../../../base/errors.ts";
import { formatDuration } from "../../../config/duration.ts";
import { formatSize } from "../../../config/size.ts";
import type { Consistency } from "../../../wire/client-protocol.ts";
import { durationFlag, sizeFlag } from "../../flags.ts";
import { runMsMax } from "../check-keys.ts";
import { ratioFlag } from "../ratio-flag.ts";

export type LoadSize = "s" | "m" | "l" | "xl";

/** As etcdctl has them. */
const sizes: Readonly<Record<LoadSize, { readonly ratePerSecond: number; readonly clients: number }>> = {
  s: { ratePerSecond: 150, clients: 50 }, m: { ratePerSecond: 1000, clients: 200 }, l: { ratePerSecond: 8000, clients: 500 }, xl: { ratePerSecond: 15_000, clients: 1000 },
};
const [sizeMs, ownLoadMs] = [60_000, 10_000];
const ownClients = 64;
const connectionsDefaultMax = 8;
const lanesMax = 65_536;
const valueBytesMax = 1024 * 1024;

/** Defaults depend on each other and are filled in later. */
export const perfFlags = {
  load: Flags.option({
    options: ["s", "m", "l", "xl"] as const, exclusive: ["clients", "in-flight", "rate"],
    description: "a size: s 150 operations a second of 50 clients, m 1000 of 200, l 8000 of 500, xl 15000 of 1000 (default s, unless --rate, --clients or --in-flight is given)",
  })(),
  rate: Flags.integer({ min: 1, max: 1_000_000, helpValue: "<n>", description: "operations a second, on schedule whatever the answers do (default: each client sends its next one when it is answered)" }),
  clients: Flags.integer({ min: 1, max: 10_000, helpValue: "<n>", description: `how many clients (default ${ownClients})` }),
  connections: Flags.integer({ min: 1, max: 4096, helpValue: "<n>", description: `how many connections the clients share (default ${connectionsDefaultMax})` }),
  "in-flight": Flags.integer({ min: 1, max: 1024, helpValue: "<n>", description: "how many operations at a time each client may have under way (default 1)" }),
  keys: Flags.integer({ min: 1, max: 100_000, default: 10_000, helpValue: "<n>", description: "how many keys" }),
  "value-size": sizeFlag({ default: 1024, defaultHelp: async () => "1KiB", description: "of each value, at most 1MiB" }),
  "read-ratio": ratioFlag({ default: 0, defaultHelp: async () => "0", description: "share of reads" }),
  consistency: Flags.option({ options: ["linearizable", "lease", "leader", "stale"] as const, default: "linearizable" as const, description: "of the reads" })(),
  duration: durationFlag({ description: "how long, at most 1h (default 1m with --load, else 10s)" }),
};

export interface PerfFlags {
  readonly load: LoadSize | undefined;
  readonly rate: number | undefined;
  readonly clients: number | undefined;
  readonly connections: number | undefined;
  readonly "in-flight": number | undefined;
  readonly keys: number;
  readonly "value-size": number;
  readonly "read-ratio": number;
  readonly consistency: Consistency;
  readonly duration: number | undefined;
}

export interface PerfPlan {
  readonly load: LoadSize | undefined;
  /** undefined: closed loop. */
  readonly ratePerSecond: number | undefined;
  readonly clients: number;
  readonly connections: number;
  /** Of each client. */
  readonly inFlight: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly readRatio: number;
  readonly consistency: Consistency;
  readonly durationMs: number;
}

/** @throws USAGE */
export function perfPlan(flags: PerfFlags): PerfPlan {
  const isOwn = flags.rate !== undefined || flags.clients !== undefined || flags["in-flight"] !== undefined;
  const load = isOwn ? undefined : (flags.load ?? "s");
  const size = load === undefined ? { ratePerSecond: flags.rate, clients: flags.clients ?? ownClients } : sizes[load];
  const { keys, "value-size": valueBytes, "read-ratio": readRatio, consistency, "in-flight": inFlight = 1 } = flags;
  const durationMs = flags.duration ?? (load === undefined ? ownLoadMs : sizeMs);
  const connections = flags.connections ?? Math.min(size.clients, connectionsDefaultMax);
  if (durationMs < 1 || durationMs > runMsMax) throw new RaftctlError("USAGE", `--duration ${formatDuration(durationMs)}: want 1ms to ${formatDuration(runMsMax)}`);
  if (valueBytes > valueBytesMax) throw new RaftctlError("USAGE", `--value-size ${formatSize(valueBytes)}: want at most ${formatSize(valueBytesMax)}`);
  if (connections > size.clients) throw new RaftctlError("USAGE", `--connections ${connections}: there are only ${size.clients} clients to use them; raise --clients`);
  if (size.clients * inFlight > lanesMax) throw new RaftctlError("USAGE", `${size.clients} clients with ${inFlight} in flight each: want at most ${lanesMax} operations at a time`);
  return { load, ...size, connections, inFlight, keys, valueBytes, readRatio, consistency, durationMs };
}
