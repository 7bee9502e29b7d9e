// Everything real that a daemon is made of, as one replaceable object: a test puts a fake in the place of any of them (S47).

import { readFile } from "node:fs/promises";
import { randomInt } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Crc32 } from "../base/crc.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/schema.ts";
import type { Transport } from "../host/transport.ts";
import { crc32 } from "../platform/crc32.ts";
import { acquireDirectoryLock } from "../platform/directory-lock.ts";
import { HttpTransport } from "../platform/http-transport.ts";
import type { ListenAddress } from "../platform/listener.ts";
import { openLmdbStore, type OpenedStore } from "../platform/lmdb-store.ts";
import { readStateValue } from "../platform/lmdb-view.ts";
import { NodeDisk } from "../platform/node-disk.ts";
import { SystemClock } from "../platform/system-clock.ts";
import { TcpTransport, type TcpTransportOptions } from "../platform/tcp-transport.ts";
import type { Disk } from "../storage/disk.ts";
import { clusterVersions, type ClusterVersions } from "../wire/cluster-version.ts";

export type BoundTransport = Transport & { readonly address: ListenAddress };

export interface TransportOptions extends TcpTransportOptions {
  readonly kind: Config["peer"]["transport"];
  readonly address: { readonly host: string; readonly port: number };
}

export interface DaemonParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc32: Crc32;
  readonly logger: Logger;
  readonly lock: (directory: string) => Promise<{ release(): Promise<void> }>;
  readonly openStore: (directory: string, logger: Logger) => Promise<OpenedStore>;
  /** A row of a state that nobody has open; undefined when there is none, or none that can be relied on. Changes nothing. */
  readonly readState: (directory: string, key: Uint8Array) => Promise<Uint8Array | undefined>;
  readonly openTransport: (options: TransportOptions) => BoundTransport;
  /** Of the one source of chance: election timeouts and back-off. */
  readonly seed: number;
  /** That this program knows. */
  readonly versions: ClusterVersions;
}

export async function systemParts(logger: Logger): Promise<DaemonParts> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "unknown")).trim();
  return {
    disk: new NodeDisk(),
    clock: new SystemClock(),
    crc32,
    logger,
    lock: acquireDirectoryLock,
    openStore: (directory, log) => openLmdbStore({ directory, bootId, logger: log }),
    readState: readStateValue,
    openTransport: ({ kind, ...options }) => (kind === "http" ? new HttpTransport(options) : new TcpTransport(options)),
    seed: randomInt(2 ** 47),
    versions: clusterVersions,
  };
}
