// A portable file of a node's state, pulled piece by piece: a few reads are always under way, so that the network and the node work at the same time. What
// arrived is checked against the SHA-256 of what was sent. Does not know what is inside.

import { createHash } from "node:crypto";
import { RaftctlError } from "../base/errors.ts";
import { type SnapshotOpened, type SnapshotOpenRequest, snapshotReadsMax } from "../wire/snapshot-export.ts";
import type { Admin } from "./admin.ts";

export interface ExportTimeouts {
  /** Of the confirmation by a majority, ms. */
  readonly openMs: number;
  /** Of one piece, ms. */
  readonly readMs: number;
}

export class SnapshotExport {
  readonly opened: SnapshotOpened;
  readonly #admin: Admin;
  readonly #timeoutMs: number;

  static async open(admin: Admin, request: SnapshotOpenRequest, timeouts: ExportTimeouts): Promise<SnapshotExport> {
    return new SnapshotExport(admin, await admin.call("snapshotOpen", request, { timeoutMs: timeouts.openMs }), timeouts.readMs);
  }

  private constructor(admin: Admin, opened: SnapshotOpened, timeoutMs: number) {
    this.#admin = admin;
    this.opened = opened;
    this.#timeoutMs = timeoutMs;
  }

  /** The file in pieces, to be put behind each other, and closes it; the return value is its SHA-256. @throws CORRUPT when something else arrived than was sent */
  async *pieces(): AsyncGenerator<Uint8Array, string> {
    const hash = createHash("sha256");
    const reads: Promise<Uint8Array>[] = [];
    for (let part = 0; ; part += 1) {
      while (reads.length < snapshotReadsMax) reads.push(this.#read(part + reads.length));
      const bytes = await reads.shift()!;
      if (bytes.length === 0) break;
      hash.update(bytes);
      yield bytes;
    }
    const { sha256 } = await this.#admin.call("snapshotClose", { id: this.opened.id }, { timeoutMs: this.#timeoutMs });
    return checkedDigest(hash.digest("hex"), sha256);
  }

  /** The node gives it up; without this it does so by itself, later. */
  async close(): Promise<void> {
    await this.#admin.call("snapshotClose", { id: this.opened.id }).catch(() => undefined);
  }

  #read(part: number): Promise<Uint8Array> {
    const piece = this.#admin.call("snapshotRead", { id: this.opened.id, part }, { timeoutMs: this.#timeoutMs });
    // One that is asked for behind the end is never waited for.
    piece.catch(() => undefined);
    return piece;
  }
}

function checkedDigest(actual: string, sent: string | null): string {
  if (actual === sent) return sent;
  throw new RaftctlError("CORRUPT", `what arrived has SHA-256 ${actual}, the node sent ${sent ?? "none"}`, { hint: "take the backup again" });
}
