// The swarm: a seed draws every size, limit, timeout and probability, so that different seeds test different worlds. Small logs, tiny segments and
// batches of one are common, because that is where the rare branches are.

import { Prng } from "../../../src/base/prng.ts";
import { defaultSessionLimits, type SessionLimits } from "../../../src/machine/sessions.ts";
import { segmentBytesMin } from "../../../src/storage/wal/segment.ts";
import type { Weather } from "../network/links.ts";

export interface Knobs {
  readonly voters: number;
  /** Nodes that may join later. */
  readonly spares: number;
  readonly electionTimeout: number;
  readonly heartbeatInterval: number;
  readonly appendBytesMax: number;
  readonly appendsInFlightMax: number;
  readonly applyBytesMax: number;
  readonly uncommittedBytesMax: number;
  readonly waitingMax: number;
  readonly segmentBytes: number;
  readonly batchBytesMax: number;
  readonly idleMarkMs: number;
  readonly compactionBytes: number;
  readonly trailingEntries: number;
  readonly snapshotChunkBytes: number;
  /** Of replacing the state by a received snapshot, ms. */
  readonly installMsMax: number;
  /** One of the founders never campaigns. */
  readonly hasIneligibleVoter: boolean;
  readonly weather: Weather;
  /** Both ends of the wire own their own bytes. */
  readonly encodesMessages: boolean;
  /** Highest of a durable write, ms. */
  readonly durableMsMax: number;
  readonly otherDiskMsMax: number;
  /** Of applying one run of entries, ms; 0 applies within the turn. */
  readonly applyMsMax: number;
  /** Of a turn of the event loop, ms; 0 ends it with the event. */
  readonly turnMsMax: number;
  /** A clock runs between 1 / (1 + this) and 1 + this. */
  readonly clockDrift: number;
  readonly clients: ClientKnobs;
  /** How long faults strike, in election timeouts. */
  readonly chaosElectionTimeouts: number;
  readonly faults: number;
  /** Members that are silent for so long are removed by their leader; undefined: never. */
  readonly reaping: ReapingKnobs | undefined;
  readonly sessions: SessionLimits;
  /** undefined: nobody holds leases. */
  readonly leases: LeaseKnobs | undefined;
  /** undefined: no rule is ever set. */
  readonly rules: RuleKnobs | undefined;
  /** Reads under the leader's lease; undefined: off. */
  readonly leaseReads: LeaseReadKnobs | undefined;
  /** Between two sessions that an operator closes at most, in election timeouts; undefined: he closes none. */
  readonly sessionClosePause: number | undefined;
}

export interface LeaseReadKnobs {
  /** No clock of this world drifts more. */
  readonly driftMax: number;
  /** Of the reads that are not stale. */
  readonly readShare: number;
  /** Of starts for which a node has them off. */
  readonly offShare: number;
  /** A start takes one of these for its election timeout, in those of the seed. */
  readonly electionTimeouts: readonly number[];
}

export interface RuleKnobs {
  readonly writers: number;
  /** What they compete for. */
  readonly seats: number;
  /** Between two writes of one of them, in election timeouts. */
  readonly pauseMax: number;
}

export interface LeaseKnobs {
  readonly holders: number;
  /** Of a lease, in election timeouts. */
  readonly ttls: readonly number[];
  /** Of holders that are done and revoke; the others let it end. */
  readonly revokeShare: number;
}

export interface ReapingKnobs {
  readonly afterElectionTimeouts: number;
  readonly minVoters: number;
}

export interface ClientKnobs {
  readonly clients: number;
  readonly operations: number;
  readonly keys: number;
  /** Of these so many are pairs. */
  readonly pairs: number;
  /** Operations on one key before another takes its place. */
  readonly operationsPerKey: number;
  readonly readShare: number;
  readonly staleShare: number;
  /** Of clients that stamp what they write, and so may repeat it. */
  readonly sessionShare: number;
  /** Of clients that stay with one node whatever happens. */
  readonly stickyShare: number;
  readonly committedShare: number;
  readonly valueBytesMax: number;
  /** Between two operations of one client, in election timeouts. */
  readonly pauseMax: number;
}

export function drawKnobs(prng: Prng): Knobs {
  const knobs = drawAnything(prng);
  const sessions = drawSessions(prng, knobs.electionTimeout);
  const clients = { ...knobs.clients, pairs: prng.chance(0.4) ? 1 : 0 };
  const leases = drawLeases(prng);
  const sessionClosePause = prng.chance(0.75) ? undefined : pick(prng, [0.1, 0.5, 2]);
  return {
    ...knobs, sessions,
    // A transfer of a thousand round trips is never done before the log behind it is forgotten, and nothing is learnt from that.
    snapshotChunkBytes: Math.max(knobs.snapshotChunkBytes, knobs.clients.valueBytesMax / 4),
    clients, leases, sessionClosePause,
    rules: drawRules(prng),
    leaseReads: drawLeaseReads(prng, knobs.clockDrift),
  };
}

/** Drawn last, too. Where clocks may run at any rate nothing can be promised, and so they are off. */
function drawLeaseReads(prng: Prng, clockDrift: number): LeaseReadKnobs | undefined {
  if (clockDrift > 0.1 || prng.chance(0.4)) return undefined;
  return {
    // The slowest clock against the fastest.
    driftMax: 1 - 1 / (1 + clockDrift) ** 2,
    readShare: pick(prng, [0.5, 1]), offShare: pick(prng, [0, 0, 0.15]), electionTimeouts: pick(prng, [[1], [1], [1, 1.5], [1, 3]]),
  };
}

/** Drawn late, so that worlds without leases are what they were. */
function drawLeases(prng: Prng): LeaseKnobs | undefined {
  if (prng.chance(0.6)) return undefined;
  return { holders: prng.integer(2, 8), ttls: pick(prng, [[0.3, 1], [0.5, 2], [1, 3], [2, 6]]), revokeShare: pick(prng, [0, 0.3, 0.7]) };
}

function drawRules(prng: Prng): RuleKnobs | undefined {
  if (prng.chance(0.7)) return undefined;
  return { writers: prng.integer(2, 6), seats: prng.integer(2, 6), pauseMax: pick(prng, [0.05, 0.5, 2]) };
}

function drawSessions(prng: Prng, electionTimeout: number): SessionLimits {
  const { pagesMax, sessionsMax, idleMs } = defaultSessionLimits;
  return pick(prng, [
    defaultSessionLimits, defaultSessionLimits, defaultSessionLimits,
    { pagesMax, sessionsMax: pick(prng, [1, 2, 6]), idleMs },
    { pagesMax, sessionsMax, idleMs: electionTimeout * pick(prng, [1, 5, 30]) },
  ]);
}

function drawAnything(prng: Prng): Omit<Knobs, "sessions" | "leases" | "rules" | "leaseReads" | "sessionClosePause" | "clients"> & { readonly clients: Omit<ClientKnobs, "pairs"> } {
  const electionTimeout = pick(prng, [100, 200, 500, 1_000]);
  return {
    voters: pick(prng, [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]),
    spares: pick(prng, [0, 1, 2, 3]),
    electionTimeout,
    heartbeatInterval: electionTimeout / pick(prng, [3, 5, 10]),
    appendBytesMax: pick(prng, [1, 1, 200, 2_000, 64_000]),
    appendsInFlightMax: pick(prng, [1, 2, 4, 16]),
    applyBytesMax: pick(prng, [1, 100, 4_000, 256_000]),
    uncommittedBytesMax: pick(prng, [300, 5_000, 1_000_000]),
    waitingMax: pick(prng, [3, 50, 1_000]),
    segmentBytes: pick(prng, [segmentBytesMin, segmentBytesMin, segmentBytesMin + 2_048, 16_384, 65_536]),
    batchBytesMax: pick(prng, [1, 600, 4_000, 1_000_000]),
    idleMarkMs: pick(prng, [2, 20, 200]),
    compactionBytes: pick(prng, [200, 600, 2_000, 10_000, 1_000_000]),
    trailingEntries: pick(prng, [0, 0, 0, 3, 20]),
    snapshotChunkBytes: pick(prng, [64, 300, 4_000, 256 * 1024]),
    installMsMax: electionTimeout * pick(prng, [0, 0.5, 2]),
    hasIneligibleVoter: prng.chance(0.15),
    weather: drawWeather(prng, electionTimeout),
    encodesMessages: prng.chance(0.25),
    durableMsMax: electionTimeout * pick(prng, [0, 0.002, 0.01, 0.05, 0.3]),
    otherDiskMsMax: electionTimeout * pick(prng, [0, 0, 0, 0.01, 0.05]),
    applyMsMax: electionTimeout * pick(prng, [0, 0, 0.02, 0.2]),
    turnMsMax: electionTimeout * pick(prng, [0, 0, 0.005, 0.05]),
    clockDrift: pick(prng, [0, 0, 0.01, 0.1, 0.5]),
    clients: drawClients(prng),
    chaosElectionTimeouts: prng.integer(8, 25),
    faults: prng.chance(0.03) ? 0 : prng.integer(1, 12),
    reaping: prng.chance(0.15) ? { afterElectionTimeouts: pick(prng, [3, 4, 6]), minVoters: pick(prng, [1, 2, 2, 3]) } : undefined,
  };
}

function drawWeather(prng: Prng, electionTimeout: number): Weather {
  const delayMin = electionTimeout * pick(prng, [0, 0.001, 0.01]);
  return {
    delayMin,
    delayMax: delayMin + electionTimeout * pick(prng, [0, 0.005, 0.02, 0.1]),
    longDelayChance: pick(prng, [0, 0, 0.01, 0.1]),
    longDelay: electionTimeout * pick(prng, [0.2, 1, 3]),
    loss: pick(prng, [0, 0, 0, 0.01, 0.05, 0.2]),
    repetition: pick(prng, [0, 0, 0.02, 0.2]),
  };
}

function drawClients(prng: Prng): Omit<ClientKnobs, "pairs"> {
  return {
    clients: prng.integer(1, 12),
    operations: prng.integer(200, 1_000),
    keys: pick(prng, [2, 4, 8]),
    operationsPerKey: pick(prng, [10, 25, 40]),
    readShare: pick(prng, [0.1, 0.4, 0.7]),
    staleShare: pick(prng, [0, 0, 0.2]),
    sessionShare: pick(prng, [0, 0.5, 1, 1]),
    stickyShare: pick(prng, [0, 0.3, 1]),
    committedShare: pick(prng, [0, 0, 0.2]),
    valueBytesMax: pick(prng, [8, 40, 300, 3_000]),
    pauseMax: pick(prng, [0, 0, 0.05, 0.3]),
  };
}

export function pick<T>(prng: Prng, choices: readonly T[]): T {
  return choices[prng.integer(0, choices.length - 1)]!;
}

/** A stream of chance of its own, so that what one part draws does not change what another one does. */
export function fork(seed: number, part: string): Prng {
  let hash = 0x811c9dc5;
  for (let position = 0; position < part.length; position += 1) hash = Math.imul(hash ^ part.charCodeAt(position), 0x01000193);
  const high = (Math.floor(seed / 2 ** 32) ^ hash) & 0x1fffff;
  return new Prng(high * 2 ** 32 + ((seed ^ Math.imul(hash, 0x9e3779b1)) >>> 0));
}
