// What must hold between keys, each with its reason. A single value is the schema's matter. The first violation is thrown, naming both values
// and where the one to change came from.

import { RaftctlError } from "../base/errors.ts";
import { isLoopback, isWildcard, parseAddress } from "./address.ts";
import { formatDuration } from "./duration.ts";
import type { Config } from "./schema.ts";
import { formatSize } from "./size.ts";

export type Origins = Readonly<Record<string, string>>;
type Check = (config: Config, origin: Origins) => void;

const sides = ["peer", "client", "http"] as const;
const checks: readonly Check[] = [timing, reaping, sizes, advertisedAddresses, exposure];

export function checkConfig(config: Config, origin: Origins): void {
  for (const check of checks) check(config, origin);
}

/** What an operator should hear about at every start and in `status` (S58, S62, T28). */
export function configWarnings(config: Config): { code: string; message: string }[] {
  const exposed = sides.filter((side) => isExposed(config.listen[side]));
  const warnings = [{ code: "PEER_PLAINTEXT", message: "peer traffic is neither encrypted nor authenticated" }];
  if (exposed.length > 0) {
    const listeners = exposed.map((side) => `${side} listener ${config.listen[side]}`).join(" and ");
    warnings.push({ code: "INSECURE_LISTENER", message: `${listeners} can be reached from other machines without encryption or authentication` });
  }
  return warnings;
}

function timing(config: Config, origin: Origins): void {
  const { electionTimeout, heartbeatInterval } = config.raft;
  if (heartbeatInterval > electionTimeout / 3) {
    refuse("raft.heartbeatInterval", formatDuration(heartbeatInterval), `at most a third of raft.electionTimeout (${formatDuration(electionTimeout)})`, origin);
  }
  // U2: a node that waits longer for a connection than for a leader calls an election before it could have heard one.
  if (config.network.connectTimeout > electionTimeout) {
    const timeout = formatDuration(config.network.connectTimeout);
    refuse("network.connectTimeout", timeout, `at most raft.electionTimeout (${formatDuration(electionTimeout)})`, origin);
  }
}

/** A member that restarts, or whose leader has just changed, is silent for a few election timeouts: it is not dead. */
function reaping({ raft, membership }: Config, origin: Origins): void {
  const least = 10 * raft.electionTimeout;
  if (membership.reapAfter === undefined || membership.reapAfter >= least) return;
  refuse("membership.reapAfter", formatDuration(membership.reapAfter), `at least ten times raft.electionTimeout (${formatDuration(least)})`, origin);
}

function sizes(config: Config, origin: Origins): void {
  const { appendBytesMax, uncommittedBytesMax } = config.raft;
  if (uncommittedBytesMax < appendBytesMax) {
    const limit = `at least raft.appendBytesMax (${formatSize(appendBytesMax)})`;
    refuse("raft.uncommittedBytesMax", formatSize(uncommittedBytesMax), limit, origin);
  }
  const { trailingBytes, logBytes } = config.compaction;
  if (trailingBytes > logBytes) {
    refuse("compaction.trailingBytes", formatSize(trailingBytes), `at most compaction.logBytes (${formatSize(logBytes)})`, origin);
  }
}

function advertisedAddresses(config: Config, origin: Origins): void {
  for (const side of sides) {
    const advertised = config.advertise[side];
    const key = advertised === undefined ? `listen.${side}` : `advertise.${side}`;
    const address = advertised ?? config.listen[side];
    if (address === undefined || !isWildcard(parseAddress(address).host)) continue;
    const wanted = advertised === undefined ? `advertise.${side} beside it, because nobody can dial every interface` : "an address that others can dial";
    refuse(key, address, wanted, origin);
  }
}

/** Listeners beyond loopback have no TLS yet, so each needs a word of consent (T28). */
function exposure(config: Config, origin: Origins): void {
  if (config.insecure) return;
  for (const side of sides) {
    const address = config.listen[side];
    if (!isExposed(address)) continue;
    const message = `listen.${side}: ${JSON.stringify(address)} can be reached from other machines without encryption or authentication`;
    const hint = "listen on 127.0.0.1, or accept it with --insecure (insecure: true)";
    throw new RaftctlError("INSECURE", `${message} (${origin[`listen.${side}`] ?? "default"})`, { hint });
  }
}

function isExposed(address: string | undefined): boolean {
  return address !== undefined && !isLoopback(parseAddress(address).host);
}

function refuse(key: string, value: string, wanted: string, origin: Origins): never {
  throw new RaftctlError("CONFIG_INVALID", `${key}: ${value} is not valid, want ${wanted} (${origin[key] ?? "default"})`);
}
