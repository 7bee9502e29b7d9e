// One export that is under way: an image of the state, held open, and the portable file made of it piece by piece as somebody asks. Holds a few parts of the
// file. Pieces are asked for in order, each once; what nobody asks for is not made. While the state is written it goes on slowly: whoever writes waits for
// every process on the way, and a backup would take the processors from all of them.

import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { RaftctlError } from "../../base/errors.ts";
import { imageChunkBytes, type MachineImage } from "../../machine/state-machine.ts";
import { cutParts, partsKept, PortableEncoder } from "../../storage/portable/portable-encoder.ts";
import type { PortableHeader } from "../../storage/portable/portable-header.ts";
import type { PortablePorts } from "../../storage/portable/portable-ports.ts";
import { snapshotPieceBytesMax, snapshotReadsMax } from "../../wire/snapshot-export.ts";

/** From one piece to the next while there are writes, ms. */
export const giveWayMs = 10;
/** Without a write for so long there are none. */
export const quietMs = 200;

export interface ExportPorts {
  readonly ports: PortablePorts;
  readonly clock: Clock;
  /** Goes up with every write. */
  readonly written: () => number;
}

export class ExportSession {
  readonly #image: MachineImage;
  readonly #pieces: AsyncGenerator<Uint8Array, string>;
  #sha256: string | null = null;
  #asked = 0;
  #underWay = 0;
  #latest: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Takes the image over. */
  constructor(image: MachineImage, header: PortableHeader, { ports, clock, written }: ExportPorts) {
    assert(partsKept > snapshotReadsMax, "no part that is on its way is written over");
    this.#image = image;
    this.#pieces = piecesOf(image.chunks(new Uint8Array(imageChunkBytes)), header, new PortableEncoder(ports, header.compression), { clock, isWritten: writeWatch({ clock, written }) });
  }

  /** Of the whole file; null until it has been read to its end. */
  get sha256(): string | null {
    return this.#sha256;
  }

  /** Empty at the end. The bytes are valid until three more reads have been answered. @throws BAD_REQUEST for any other part than the next one or for too many at a time, STOPPED when it is closed meanwhile, CORRUPT when the state is damaged */
  read(part: number): Promise<Uint8Array> {
    if (part !== this.#asked) throw new RaftctlError("BAD_REQUEST", `part ${part} of an export was asked for, the next one is ${this.#asked}`);
    if (this.#underWay >= snapshotReadsMax) throw new RaftctlError("BAD_REQUEST", `${this.#underWay} reads of this export are under way (at most ${snapshotReadsMax})`);
    this.#asked += 1;
    this.#underWay += 1;
    const answered = (): void => void (this.#underWay -= 1);
    const piece = this.#latest.then(() => this.#next());
    // What has been read is not kept, and a failure was told to whoever read.
    this.#latest = piece.then(answered, answered);
    return piece;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#image.close();
  }

  async #next(): Promise<Uint8Array> {
    if (this.#isClosed) throw exportEnded();
    const step = await this.#pieces.next();
    if (step.done !== true) return step.value;
    // Whoever asks again after the end gets no value.
    this.#sha256 ??= step.value;
    return new Uint8Array(0);
  }
}

export function exportEnded(): RaftctlError {
  return new RaftctlError("STOPPED", "this export is not open here: the node restarted, nobody read for too long, or another node was asked", { hint: "begin anew" });
}

interface Pace {
  readonly clock: Clock;
  readonly isWritten: () => boolean;
}

async function* piecesOf(chunks: Iterable<Uint8Array>, header: PortableHeader, encoder: PortableEncoder, pace: Pace): AsyncGenerator<Uint8Array, string> {
  yield* givingWay(sliced(encoder.header(header)), pace);
  for await (const part of cutParts(inTurns(chunks, pace))) yield* givingWay(sliced(await encoder.part(part)), pace);
  const { bytes, sha256 } = encoder.end();
  yield bytes;
  return sha256;
}

/** All of it takes time of the event loop: after each chunk others have their turn (H41). */
async function* inTurns(chunks: Iterable<Uint8Array>, { clock }: Pace): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    await new Promise<void>((resolve) => clock.nextTurn(resolve));
  }
}

async function* givingWay(pieces: Iterable<Uint8Array>, { clock, isWritten }: Pace): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    await new Promise<void>((resolve) => {
      if (isWritten()) clock.at(clock.now() + giveWayMs, resolve);
      else clock.nextTurn(resolve);
    });
  }
}

/** Whether there was a write within the last `quietMs`, for who asks again and again. */
function writeWatch({ clock, written }: Pick<ExportPorts, "clock" | "written">): () => boolean {
  let seen = written();
  let seenAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (written() !== seen) [seen, seenAt] = [written(), now];
    return now - seenAt < quietMs;
  };
}

function* sliced(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += snapshotPieceBytesMax) yield bytes.subarray(offset, offset + snapshotPieceBytesMax);
}
