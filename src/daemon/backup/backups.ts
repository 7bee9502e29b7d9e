// What an operator may ask of a running node about its state as a whole: an export of it, and the node's own snapshots. The methods behind
// admin-handlers.ts, in one place with what they share.

import { globalRegion, globalRegionName } from "../../base/ids.ts";
import type { HostedRegion } from "../../host/host.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";
import type { SnapshotOpened, SnapshotOpenRequest } from "../../wire/snapshot-export.ts";
import type { NodeStorage } from "../node-storage.ts";
import type { DaemonParts } from "../parts.ts";
import { LocalSnapshots } from "./local-snapshots.ts";
import { portablePorts } from "./portable-codecs.ts";
import { SnapshotExports } from "./snapshot-exports.ts";

type BackupMethod = "snapshotOpen" | "snapshotRead" | "snapshotClose" | "snapshotTake" | "snapshotList" | "snapshotPrune";
type BackupHandlers = { readonly [M in BackupMethod]: (params: AdminMethods[M]["params"], call: { readonly timeoutMs: number }) => Promise<AdminMethods[M]["result"]> };

export class Backups {
  readonly #hosted: HostedRegion;
  readonly #storage: NodeStorage;
  readonly #exports: SnapshotExports;
  readonly #local: LocalSnapshots;

  constructor(hosted: HostedRegion, storage: NodeStorage, { disk, crc32, clock }: Pick<DaemonParts, "disk" | "crc32" | "clock">) {
    const { identity, snapshots } = storage;
    const { clusterId, clusterIncarnation } = identity;
    this.#hosted = hosted;
    this.#storage = storage;
    this.#exports = new SnapshotExports({
      clock, ports: portablePorts, owner: { clusterId, clusterIncarnation, region: { id: globalRegion, name: globalRegionName } },
      written: () => hosted.raft.core.commitIndex, openImage: () => storage.region.openImage(),
    });
    this.#local = new LocalSnapshots({ node: identity.name, raft: hosted.raft, snapshots, disk, crc32, clock, compactState: storage.compactState });
  }

  /** Before the state is closed: a read transaction must not outlive it. */
  stop(): void {
    this.#exports.stop();
  }

  readonly handlers: BackupHandlers = {
    snapshotOpen: (params, call) => this.#open(params, call.timeoutMs),
    snapshotRead: ({ id, part }) => this.#exports.read(id, part),
    snapshotClose: async ({ id }) => this.#exports.close(id),
    snapshotTake: (params) => this.#local.take(params),
    snapshotList: async () => ({ snapshots: await this.#local.list() }),
    snapshotPrune: ({ keep, dryRun }) => this.#local.prune(keep, dryRun),
  };

  /** A read that a majority confirms first: whatever was acknowledged before the call is in the state then, on any member. */
  async #open({ linearizable, compression }: SnapshotOpenRequest, timeoutMs: number): Promise<SnapshotOpened> {
    if (linearizable) await this.#hosted.gateway.readable(timeoutMs);
    const { id, header, keys, dataBytes } = await this.#exports.open(compression);
    const { clusterId, index, term, membership, stateDigest } = header;
    return {
      id, clusterId, index, term, keys, stateDigest,
      node: this.#storage.identity.name, region: header.region.name, members: membership.members.map(({ name }) => name), estimatedBytes: dataBytes,
    };
  }
}
