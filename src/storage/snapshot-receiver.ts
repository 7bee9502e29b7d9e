// Takes in a snapshot file from a peer, piece by piece and in order, so that an interrupted transfer resumes where it stopped. Nothing is believed
// before `finish` has read and verified the whole file.

import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { SnapshotMeta } from "../raft/message.ts";
import type { DiskFile } from "./disk.ts";
import type { SnapshotInfo } from "./snapshot-file.ts";

interface Ends {
  readonly finish: (bytes: number) => Promise<SnapshotInfo>;
  readonly discard: () => Promise<void>;
}

export class SnapshotReceiver {
  readonly meta: SnapshotMeta;
  readonly #file: DiskFile;
  readonly #ends: Ends;
  #nextOffset = 0;
  #open = true;

  constructor(meta: SnapshotMeta, file: DiskFile, ends: Ends) {
    this.meta = meta;
    this.#file = file;
    this.#ends = ends;
  }

  /** Where the next piece must begin. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Neither finished nor aborted. */
  get open(): boolean {
    return this.#open;
  }

  /** @throws RaftctlError BAD_REQUEST when the piece does not begin at nextOffset, STOPPED after the end, NO_SPACE, IO_ERROR */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#requireOpen();
    if (offset !== this.#nextOffset) throw new RaftctlError("BAD_REQUEST", `a snapshot piece begins at byte ${offset}, expected ${this.#nextOffset}`);
    // Claimed before the write, so that a repeated piece that overtakes it is refused.
    this.#nextOffset += bytes.length;
    try {
      await this.#file.write(offset, bytes);
    } catch (error) {
      mark("snapshot-receive-aborted-by-the-disk");
      await this.abort();
      throw error;
    }
  }

  /** Makes the file durable, verifies all of it, and gives it its name. @throws RaftctlError CORRUPT (the file is removed), IO_ERROR */
  async finish(): Promise<SnapshotInfo> {
    this.#requireOpen();
    this.#open = false;
    try {
      try {
        await this.#file.sync();
      } finally {
        await this.#file.close();
      }
      return await this.#ends.finish(this.#nextOffset);
    } catch (error) {
      await this.#ends.discard();
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    await this.#ends.discard();
  }

  #requireOpen(): void {
    if (!this.#open) throw new RaftctlError("STOPPED", `the transfer of the snapshot at index ${this.meta.index} has ended`);
  }
}
