// What a program says to embed a node, checked once at the door: a network and a state machine (or a storage of its own) are never guessed (S30).

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { RaftStorage } from "../host/raft-storage.ts";
import type { Transport } from "../host/transport.ts";
import type { RaftEvent } from "../raft/ready.ts";
import type { Codec, StateMachine } from "./state-machine.ts";
import { VolatileStorage } from "./volatile-storage.ts";

/** The part of a transport that a node needs: it sends by `network`, and hands to the receiver what arrives. */
export type MemberNetwork = Pick<Transport, "network" | "start" | "stop">;

interface CommonOptions {
  /** Called once, with this node's id. */
  readonly network: (id: NodeId) => MemberNetwork;
  /** Of commands and answers; the same on every node. JSON when absent. */
  readonly codec?: Codec;
  /** A follower that hears no leader for so long campaigns, ms; 1000 when absent. The heartbeat is a tenth of it. */
  readonly electionTimeoutMs?: number;
  /** Of a call that names no other, ms; 5000 when absent. */
  readonly timeoutMs?: number;
  /** Gives up waiting to be let in: `start` then rejects with CANCELLED. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly onEvent?: (event: RaftEvent) => void;
  /** Storage or state machine failed. The node has stopped, and every call rejects with STOPPED. */
  readonly onFatal?: (error: Error) => void;
}

/** One of the nodes that begin a region together, in memory: each is started with the same founders. */
export interface FounderOptions<D, R, E> extends CommonOptions {
  readonly machine: StateMachine<D, R, E>;
  /** A decimal from 1 to 2^64-1, one of the founders. */
  readonly id: string;
  readonly founders: readonly string[];
}

/** A node that comes later, in memory: under an id that it draws, so that no id is ever used twice. */
export interface NewcomerOptions<D, R, E> extends CommonOptions {
  readonly machine: StateMachine<D, R, E>;
  /** Ids of members, to be asked in turn. */
  readonly join: readonly string[];
  /** Where others find it; it stands in the membership as `peerAddress`. */
  readonly address?: string;
}

/** A node whose storage is the program's own, and durable: it holds the founding membership, and its answers are those of an Executor. */
export interface StoredOptions extends CommonOptions {
  readonly storage: RaftStorage;
  readonly id: string;
}

export type RaftNodeOptions<D, R, E> = FounderOptions<D, R, E> | NewcomerOptions<D, R, E> | StoredOptions;

/** @throws INVALID_ARGUMENT: for those whom no compiler has told */
export function checkOptions(options: object): void {
  const given = options as Partial<Record<"network" | "machine" | "storage" | "founders" | "join", unknown>>;
  if (typeof given.network !== "function") throw missing("a network: a function that answers the MemberNetwork of an id");
  if ((given.machine === undefined) === (given.storage === undefined)) throw missing("either a machine, to be kept in memory, or a storage of its own");
  if (given.storage instanceof VolatileStorage) throw missing("a storage that survives its process: one in memory forgets votes. Give its machine, with founders or join");
  if (given.machine === undefined) return;
  if ((given.founders === undefined) === (given.join === undefined)) throw missing("either its founders or, in `join`, members to ask");
  for (const name of ["founders", "join"] as const) {
    const ids = given[name];
    if (ids !== undefined && (!Array.isArray(ids) || ids.length === 0)) throw missing(`at least one id in \`${name}\``);
  }
}

function missing(what: string): RaftctlError {
  return new RaftctlError("INVALID_ARGUMENT", `a node needs ${what}`, { hint: "docs/embedding.md shows a complete one" });
}
