// The settings of an embedded region that a newcomer need not know: timing, limits, compaction, and what happens when nobody listens.

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { Prng } from "../base/prng.ts";
import type { RegionOptions } from "../host/region.ts";
import { limits } from "../wire/limits.ts";
import type { RaftNodeOptions } from "./options.ts";
import { decodeEntry } from "./entry-codec.ts";
import { jsonCodec, type Codec } from "./state-machine.ts";

const mib = 1024 * 1024;
const electionTimeoutMs = 1_000;

type Settings = Omit<RegionOptions, "region" | "network" | "storage" | "crc32" | "onDeadline">;

export function regionSettings(options: RaftNodeOptions<never, unknown, unknown>, { id, seed, clock }: { id: NodeId; seed: number; clock: Clock }): Settings {
  const electionTimeout = options.electionTimeoutMs ?? electionTimeoutMs;
  const logger = options.logger ?? silentLogger;
  const { codec = jsonCodec } = options;
  return {
    clock,
    logger,
    raft: {
      id, electionTimeout, heartbeatInterval: electionTimeout / 10, masterEligible: true, prng: new Prng(seed),
      appendBytesMax: mib / 4, appendsInFlightMax: 8, applyBytesMax: mib, uncommittedBytesMax: 64 * mib,
    },
    compaction: { logBytes: 16 * mib, logBytesMax: 256 * mib, trailingEntries: 10_000, trailingBytes: 16 * mib },
    waitingMax: 65_536,
    admit: (command) => {
      if (command.length > limits.commandBytesMax) return new RaftctlError("TOO_LARGE", `a command of ${command.length} bytes is larger than ${limits.commandBytesMax}`);
      return canDecode(codec, command) ? command : new RaftctlError("BAD_REQUEST", "the leader cannot decode this command: every node must have the same codec");
    },
    onEvent: options.onEvent ?? (() => undefined),
    onFatal: (error) => {
      logger.fatal({ reason: error.message }, "this node stops");
      options.onFatal?.(error);
    },
  };
}

/** What no node can decode must not enter the log: it would stop them all. */
function canDecode(codec: Codec, command: Uint8Array): boolean {
  try {
    decodeEntry(codec, command);
    return true;
  } catch {
    return false;
  }
}
