// The exports that are under way on this node. Each one holds a read transaction, in which the database must keep what has since been changed, so there
// are few of them, and one that nobody reads from is given up.

import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { MachineImage } from "../../machine/state-machine.ts";
import type { Membership } from "../../raft/membership.ts";
import { imageFormat, type PortableHeader } from "../../storage/portable/portable-header.ts";
import type { Compression, PortablePorts } from "../../storage/portable/portable-ports.ts";
import type { SnapshotClosed } from "../../wire/snapshot-export.ts";
import { exportEnded, ExportSession } from "./export-session.ts";

export const exportsMax = 2;
export const exportSilenceMs = 30_000;

export interface ExportSource {
  readonly clock: Clock;
  readonly ports: PortablePorts;
  readonly owner: Pick<PortableHeader, "clusterId" | "clusterIncarnation" | "region">;
  /** Goes up with every write. */
  readonly written: () => number;
  openImage(): Promise<{ readonly image: MachineImage; readonly membership: Membership }>;
}

export interface OpenedExport {
  readonly id: string;
  readonly header: PortableHeader;
  /** Keys that exist in it, and bytes of all its data. */
  readonly keys: number;
  readonly dataBytes: number;
}

export class SnapshotExports {
  readonly #source: ExportSource;
  readonly #sessions = new Map<string, { readonly session: ExportSession; timer: Timer }>();
  #opening = 0;
  #isStopped = false;

  constructor(source: ExportSource) {
    this.#source = source;
  }

  /** @throws BUSY when too many are open, INCOMPATIBLE for a compression that this Node does not have, NOT_READY before anything was applied */
  async open(compression: Compression): Promise<OpenedExport> {
    if (this.#isStopped) throw exportEnded();
    if (this.#sessions.size + this.#opening >= exportsMax) {
      throw new RaftctlError("BUSY", `${exportsMax} exports are open on this node already`, { hint: `wait for one to end, or ask another node with --from; one that nobody reads ends after ${exportSilenceMs / 1000} s` });
    }
    this.#opening += 1;
    try {
      return await this.#open(compression);
    } finally {
      this.#opening -= 1;
    }
  }

  /** Empty at its end. */
  async read(id: string, part: number): Promise<Uint8Array> {
    const open = this.#sessions.get(id);
    if (open === undefined) throw exportEnded();
    open.timer.cancel();
    try {
      return await open.session.read(part);
    } catch (error) {
      this.close(id);
      throw error;
    } finally {
      open.timer.cancel();
      if (this.#sessions.has(id)) open.timer = this.#giveUpLater(id);
    }
  }

  close(id: string): SnapshotClosed {
    const open = this.#sessions.get(id);
    if (open === undefined) return { wasOpen: false, sha256: null };
    open.timer.cancel();
    open.session.close();
    this.#sessions.delete(id);
    return { wasOpen: true, sha256: open.session.sha256 };
  }

  /** Before the state is closed. */
  stop(): void {
    this.#isStopped = true;
    for (const id of [...this.#sessions.keys()]) this.close(id);
  }

  async #open(compression: Compression): Promise<OpenedExport> {
    const { owner, ports, clock, written } = this.#source;
    const { image, membership } = await this.#source.openImage();
    try {
      if (this.#isStopped) throw exportEnded();
      const { index, term, digest: stateDigest } = image;
      if (index === 0) throw new RaftctlError("NOT_READY", "this node has applied nothing yet");
      const header: PortableHeader = { ...owner, index, term, membership, stateDigest, imageFormat, compression };
      const id = randomBytes(8).toString("hex");
      this.#sessions.set(id, { session: new ExportSession(image, header, { ports, clock, written }), timer: this.#giveUpLater(id) });
      return { id, header, keys: image.records, dataBytes: image.bytes };
    } catch (error) {
      image.close();
      throw error;
    }
  }

  #giveUpLater(id: string): Timer {
    const { clock } = this.#source;
    return clock.at(clock.now() + exportSilenceMs, () => void this.close(id));
  }
}
