// One export that is under way: an image of the state, held open, and the portable file made of it piece by piece as somebody asks. Holds one piece at a
// time. Pieces are asked for in order, each once; what nobody asks for is not made.

import type { Clock } from "../../base/clock.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { MachineImage } from "../../machine/state-machine.ts";
import { cutParts, PortableEncoder } from "../../storage/portable/portable-encoder.ts";
import type { PortableHeader } from "../../storage/portable/portable-header.ts";
import type { PortablePorts } from "../../storage/portable/portable-ports.ts";
import type { SnapshotPiece } from "../../wire/snapshot-export.ts";

export class ExportSession {
  readonly #image: MachineImage;
  readonly #pieces: AsyncGenerator<SnapshotPiece, undefined>;
  #asked = 0;
  #latest: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Takes the image over. */
  constructor(image: MachineImage, header: PortableHeader, { ports, clock }: { readonly ports: PortablePorts; readonly clock: Clock }) {
    this.#image = image;
    this.#pieces = piecesOf(paced(image.chunks(), clock), header, new PortableEncoder(ports, header.compression));
  }

  /** @throws BAD_REQUEST for any other part than the next one, STOPPED when it is closed meanwhile, CORRUPT when the state is damaged */
  read(part: number): Promise<SnapshotPiece> {
    if (part !== this.#asked) throw new RaftctlError("BAD_REQUEST", `part ${part} of an export was asked for, the next one is ${this.#asked}`);
    this.#asked += 1;
    const piece = this.#latest.then(() => this.#next());
    this.#latest = piece.then(forgotten, forgotten);
    return piece;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#image.close();
  }

  async #next(): Promise<SnapshotPiece> {
    if (this.#isClosed) throw exportEnded();
    const { value } = await this.#pieces.next();
    if (value === undefined) throw new RaftctlError("BAD_REQUEST", "the export has been read to its end");
    return value;
  }
}

/** What has been read is not kept, and a failure was told to whoever read. */
function forgotten(): void {
  // Nothing is left of it.
}

export function exportEnded(): RaftctlError {
  return new RaftctlError("STOPPED", "this export is not open here: the node restarted, nobody read for too long, or another node was asked", { hint: "begin anew" });
}

/** Reading takes time of the event loop: between two chunks others have their turn (H41). */
async function* paced(chunks: Iterable<Uint8Array>, clock: Clock): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    await new Promise<void>((resolve) => clock.endOfTurn(resolve));
  }
}

async function* piecesOf(chunks: AsyncIterable<Uint8Array>, header: PortableHeader, encoder: PortableEncoder): AsyncGenerator<SnapshotPiece, undefined> {
  yield { bytes: encoder.header(header), sha256: null };
  for await (const part of cutParts(chunks)) yield { bytes: await encoder.part(part), sha256: null };
  yield encoder.end();
}
