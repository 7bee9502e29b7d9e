// Makes the segments of a log ahead of need, so that going over to the next one does not wait for a file to be filled with zeros. A disk that is
// full is an ordinary answer here (NO_SPACE): nothing that was accepted depends on a segment that does not exist yet.

import type { Clock } from "../../base/clock.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { mark } from "../../base/mark.ts";
import type { Disk, DiskFile } from "../disk.ts";
import { createSegment, encodeSegmentHeader, segmentName, type WalOwner } from "./segment.ts";

export interface OpenSegment {
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly seed: number;
  readonly file: DiskFile;
}

export interface SupplyOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly crc32: Crc32;
  readonly clock: Clock;
  readonly owner: WalOwner;
  readonly segmentBytes: number;
  readonly freeBytesMin: number;
}

export class SegmentSupply {
  readonly #options: SupplyOptions;
  #spare: Promise<OpenSegment> | undefined;

  /** @param spare an empty segment that is there already */
  constructor(options: SupplyOptions, spare: OpenSegment | undefined) {
    this.#options = options;
    this.#spare = spare === undefined ? undefined : Promise.resolve(spare);
  }

  /** A spare is there or being made. */
  get stocked(): boolean {
    return this.#spare !== undefined;
  }

  /** Rejects with NO_SPACE, and then there is no spare and the next call tries again. */
  prepare(sequence: number): Promise<OpenSegment> {
    this.#spare ??= this.make(sequence, this.#options.segmentBytes).catch((error: unknown) => {
      mark("wal-spare-not-made");
      this.#spare = undefined;
      throw error;
    });
    return this.#spare;
  }

  /** The spare for use; there is none afterwards. */
  async take(sequence: number): Promise<OpenSegment> {
    if (!this.stocked) mark("wal-spare-missing-at-rotation");
    const segment = await this.prepare(sequence);
    this.#spare = undefined;
    return segment;
  }

  /** Whatever is being made is finished, and closed without being used. */
  async close(): Promise<void> {
    const spare = await this.#spare?.catch(() => undefined);
    await spare?.file.close();
  }

  async make(sequence: number, sizeBytes: number): Promise<OpenSegment> {
    const { disk, directory, crc32, clock, owner } = this.#options;
    await this.#requireSpace(sizeBytes);
    const header = { ...owner, sequence, sizeBytes, createdAtMs: clock.wallNow() };
    const { page, seed } = encodeSegmentHeader(header, crc32);
    try {
      await createSegment(disk, directory, { page, header });
    } catch (error) {
      if (error instanceof RaftctlError && error.code === "NO_SPACE") {
        mark("space-ran-out-in-a-half-made-segment");
        await this.#giveBack(sequence);
      }
      throw error;
    }
    const file = await disk.open(`${directory}/${segmentName(sequence)}`, "write");
    return { sequence, sizeBytes, seed, file };
  }

  async #requireSpace(sizeBytes: number): Promise<void> {
    const { disk, directory, freeBytesMin } = this.#options;
    const free = await disk.freeBytes(directory);
    if (free >= sizeBytes + freeBytesMin) return;
    mark("space-too-low-for-a-segment");
    throw new RaftctlError("NO_SPACE", `${directory}: ${free} bytes free, the next segment needs ${sizeBytes} and ${freeBytesMin} must stay free`, {
      hint: "free some space; writes go on by themselves",
    });
  }

  async #giveBack(sequence: number): Promise<void> {
    const { disk, directory } = this.#options;
    const temporary = `${directory}/${segmentName(sequence)}.tmp`;
    if (await disk.exists(temporary)) await disk.unlink(temporary);
  }
}
