// Reads a portable file and verifies it while it streams: nothing is handed out before its checksum was looked at, every length has a bound before
// anything is allocated, and the end is reached only if the whole file is good, its SHA-256 included. Whoever writes what it reads must not make it count
// before that.

import { readSafeU64, readU32 } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { DiskFile } from "../disk.ts";
import { hex } from "../wal/record.ts";
import { headerBytesMax, headerCrc, headerFixedBytes, hexText, partBytesMax, partCompression, partHeadBytes, portableFormat, portableMagic, shaBytes, storedPartBytesMax, totalsBytes } from "./portable-encoder.ts";
import { decodeHeader, imageFormat, type PortableHeader } from "./portable-header.ts";
import type { PartCompression, PortablePorts, Sha256 } from "./portable-ports.ts";

export interface PortableEnd {
  /** Of the file. */
  readonly bytes: number;
  readonly imageBytes: number;
  readonly parts: number;
  /** Of the file as a whole, as sha256sum prints it: 64 hexadecimal digits. */
  readonly sha256: string;
}

export class PortableReader {
  readonly header: PortableHeader;
  readonly #file: DiskFile;
  readonly #ports: PortablePorts;
  readonly #compression: PartCompression | undefined;
  readonly #headerBytes: Uint8Array;

  /** Reads the header. @throws RaftctlError CORRUPT, INCOMPATIBLE */
  static async open(file: DiskFile, ports: PortablePorts): Promise<PortableReader> {
    const fixed = await file.read(0, headerFixedBytes);
    const bytes = await readHeaderBytes(file, fixed, ports);
    const format = readU32(bytes, 8);
    if (format !== portableFormat) throw new RaftctlError("INCOMPATIBLE", `${file.path} has backup format ${format}, this version reads format ${portableFormat}`, { hint: "read it with the version of raftctl that wrote it, or a newer one" });
    const header = decodeHeader(bytes.subarray(headerFixedBytes));
    if (typeof header === "string") throw damagedBackup(file.path, headerFixedBytes, header);
    if (header.imageFormat !== imageFormat) throw new RaftctlError("INCOMPATIBLE", `${file.path} holds an image of format ${header.imageFormat}, this version reads format ${imageFormat}`, { hint: "read it with the version of raftctl that wrote it, or a newer one" });
    return new PortableReader(file, ports, { header, bytes });
  }

  private constructor(file: DiskFile, ports: PortablePorts, read: { header: PortableHeader; bytes: Uint8Array }) {
    this.#file = file;
    this.#ports = ports;
    this.header = read.header;
    this.#headerBytes = read.bytes;
    this.#compression = partCompression(ports, read.header.compression);
  }

  /** The image, part by part; the return value is there only for an undamaged file. @throws RaftctlError CORRUPT */
  async *chunks(): AsyncGenerator<Uint8Array, PortableEnd> {
    const sha256 = this.#ports.sha256();
    sha256.update(this.#headerBytes);
    let offset = this.#headerBytes.length;
    let crc = headerCrc(this.#headerBytes, this.#ports.crc32);
    let imageBytes = 0;
    for (let parts = 0; ; parts += 1) {
      const part = await this.#readPart(offset, crc);
      sha256.update(part.bytes);
      crc = part.crc;
      if (part.length === 0) return this.#finish(part.bytes, { offset, imageBytes, parts, sha256 });
      const image = await this.#decompressed(part.bytes.subarray(partHeadBytes), offset);
      imageBytes += image.length;
      offset += part.bytes.length;
      yield image;
    }
  }

  async #readPart(offset: number, seed: number): Promise<{ length: number; crc: number; bytes: Uint8Array }> {
    const { path } = this.#file;
    const head = await this.#file.read(offset, partHeadBytes);
    if (head.length < partHeadBytes) throw damagedBackup(path, offset, "the file ends before its end mark: it was cut short");
    const length = readU32(head, 0);
    if (length > storedPartBytesMax) throw damagedBackup(path, offset, `a part of ${length} bytes`);
    const contentBytes = length === 0 ? totalsBytes : length;
    const bytes = await this.#file.read(offset, partHeadBytes + contentBytes);
    if (bytes.length < partHeadBytes + contentBytes) throw damagedBackup(path, offset, "the file ends inside a part: it was cut short");
    const crc = this.#ports.crc32(bytes.subarray(partHeadBytes), (seed ^ length) >>> 0);
    if (crc !== readU32(bytes, 4)) throw damagedBackup(path, offset, "a part does not match its checksum");
    return { length, crc, bytes };
  }

  async #decompressed(stored: Uint8Array, offset: number): Promise<Uint8Array> {
    const { path } = this.#file;
    if (this.#compression === undefined) {
      if (stored.length > partBytesMax) throw damagedBackup(path, offset, `a part of ${stored.length} bytes`);
      return stored;
    }
    try {
      const image = await this.#compression.decompress(stored, partBytesMax);
      if (image.length > 0 && image.length <= partBytesMax) return image;
    } catch (error) {
      throw damagedBackup(path, offset, `a part cannot be decompressed: ${(error as Error).message}`);
    }
    throw damagedBackup(path, offset, `a part is empty, or larger than ${partBytesMax} bytes when it is decompressed`);
  }

  async #finish(end: Uint8Array, read: { offset: number; imageBytes: number; parts: number; sha256: Sha256 }): Promise<PortableEnd> {
    const { path } = this.#file;
    const { offset, imageBytes, parts } = read;
    if (readSafeU64(end, partHeadBytes) !== imageBytes || readSafeU64(end, partHeadBytes + 8) !== parts) throw damagedBackup(path, offset, "parts are missing");
    const bytes = offset + end.length + shaBytes;
    const found = await this.#file.read(offset + end.length, shaBytes);
    if (found.length < shaBytes) throw damagedBackup(path, offset + end.length, "the file ends inside its SHA-256: it was cut short");
    const actual = hexText(read.sha256.copy().digest());
    if (hexText(found) !== actual) throw damagedBackup(path, offset + end.length, `its SHA-256 is ${hexText(found)} but its bytes have ${actual}`);
    read.sha256.update(found);
    const size = await this.#file.size();
    if (size !== bytes) throw damagedBackup(path, bytes, `${size - bytes} bytes follow its end`);
    return { bytes, imageBytes, parts, sha256: hexText(read.sha256.digest()) };
  }
}

export function damagedBackup(path: string, offset: number, reason: string): RaftctlError {
  return new RaftctlError("CORRUPT", `${path} is damaged at byte ${offset}: ${reason}`, { details: { file: path, offset }, hint: "take another backup; nothing of this file is used" });
}

/** Magic, lengths and checksum stand at the same place in every format, so that a damaged file and one of a newer version are told apart. */
async function readHeaderBytes(file: DiskFile, fixed: Uint8Array, { crc32 }: PortablePorts): Promise<Uint8Array> {
  const { path } = file;
  if (fixed.length === 0) throw damagedBackup(path, 0, "it is empty");
  if (portableMagic.some((byte, place) => place < fixed.length && fixed[place] !== byte)) throw damagedBackup(path, 0, "it does not begin like a backup of raftctl");
  if (fixed.length < headerFixedBytes) throw damagedBackup(path, fixed.length, "the file ends inside its header: it was cut short");
  const length = readU32(fixed, 12);
  if (length > headerBytesMax) throw damagedBackup(path, 12, `a header of ${length} bytes`);
  const bytes = await file.read(0, headerFixedBytes + length);
  if (bytes.length < headerFixedBytes + length) throw damagedBackup(path, bytes.length, "the file ends inside its header: it was cut short");
  const crc = headerCrc(bytes, crc32);
  if (crc !== readU32(bytes, 16)) throw damagedBackup(path, 16, `its header checksum is ${hex(readU32(bytes, 16))} but its bytes have ${hex(crc)}`);
  return bytes;
}
