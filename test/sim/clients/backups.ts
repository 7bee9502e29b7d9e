// Backups of a cluster while faults strike: a node is asked for its state as one file, with and without a confirmation by a majority, and the file is read
// again as a restore would read it. That it fails is allowed; that it succeeds and is wrong is not (properties/true-backups.ts).

import type { Prng } from "../../../src/base/prng.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import { openImageFile } from "../../../src/daemon/backup/image-file.ts";
import { portablePorts } from "../../../src/daemon/backup/portable-codecs.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import type { BackupView } from "../properties/property.ts";
import type { Process } from "../world/process.ts";
import type { Stage } from "../world/stage.ts";

export interface BackupsOptions {
  readonly stage: Stage;
  readonly prng: Prng;
  /** The highest index of a write that a client was told to be done. */
  readonly acknowledged: () => number;
  readonly begun: () => void;
  readonly done: (backup: BackupView) => void;
  readonly fail: (thrown: unknown) => void;
}

const backupsMax = 3;

export class Backups {
  readonly #options: BackupsOptions;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** At drawn moments within this time, ms. Half of the seeds have none. */
  begin(ms: number): void {
    const { prng, stage } = this.#options;
    if (prng.chance(0.5)) return;
    for (let left = prng.integer(1, backupsMax); left > 0; left -= 1) stage.at(prng.next() * ms, () => void this.#take().catch(this.#options.fail));
  }

  async #take(): Promise<void> {
    const { stage, prng, acknowledged, begun, done } = this.#options;
    const node = stage.nodes[prng.integer(0, stage.nodes.length - 1)]!;
    const { process } = node;
    const isConfirmed = prng.chance(0.5);
    if (process === undefined) return;
    const atLeast = isConfirmed ? acknowledged() : 0;
    begun();
    // The leader may say that its own state is wrong: that is no fault of a backup of this node.
    const refusal = isConfirmed ? await process.gateway.readable(20 * stage.electionTimeout).then(() => undefined, refusalOf) : undefined;
    if (refusal !== undefined) return stage.trace("op", "backup", `of ${node.name} failed: ${refusal.code}`);
    try {
      const restored = await restoredFrom(await exported(process));
      stage.trace("op", "backup", `of ${node.name}${isConfirmed ? ", confirmed by a majority" : ""}: the state at index ${restored.index}`);
      done({ node: node.name, atLeast, ...restored });
    } catch (error) {
      if (!(error instanceof RaftctlError) || (error.code === "CORRUPT" && process.raft.divergence === undefined)) throw error;
      stage.trace("op", "backup", `of ${node.name} failed: ${error.code}`);
    }
  }
}

/** Whatever else is thrown is no answer. */
function refusalOf(thrown: unknown): RaftctlError {
  if (thrown instanceof RaftctlError) return thrown;
  throw thrown;
}

async function exported({ exports }: Process): Promise<Uint8Array> {
  const { id } = await exports.open("none");
  const pieces: Uint8Array[] = [];
  for (let part = 0; ; part += 1) {
    const piece = await exports.read(id, part);
    if (piece.length === 0) break;
    pieces.push(piece.slice());
  }
  exports.close(id);
  return Buffer.concat(pieces);
}

async function restoredFrom(bytes: Uint8Array): Promise<Pick<BackupView, "index" | "term" | "digest" | "announced">> {
  const disk = new MemoryDisk();
  disk.plant("/backup", bytes);
  const { header, chunks } = await openImageFile(await disk.open("/backup", "read"), portablePorts);
  const machine = new Machine({ store: new MemoryStore(), crc32: portablePorts.crc32 });
  await machine.restore({ index: header.index, term: header.term }, chunks());
  return { index: header.index, term: header.term, digest: machine.digest(), announced: header.stateDigest };
}
