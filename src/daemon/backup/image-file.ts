// A file that holds a region's state: a portable one, or one of a node's own snapshots. Says what it is of, and streams the image, verified while it is
// read. Opens read-only and follows symbolic links: a backup's name is the operator's.

import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { utf8 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegion, globalRegionName, type RegionId } from "../../base/ids.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import type { Membership } from "../../raft/membership.ts";
import type { DiskFile } from "../../storage/disk.ts";
import { PortableReader } from "../../storage/portable/portable-decoder.ts";
import type { Compression, PortablePorts } from "../../storage/portable/portable-ports.ts";
import { readSnapshotChunks, readSnapshotHeader } from "../../storage/snapshot-file.ts";
import { portablePorts } from "./portable-codecs.ts";

export interface ImageHeader {
  readonly kind: "backup" | "snapshot";
  readonly clusterId: string;
  /** A node's own snapshot does not say. */
  readonly clusterIncarnation: number | undefined;
  readonly region: { readonly id: RegionId; readonly name: string };
  readonly index: number;
  readonly term: number;
  readonly membership: Membership;
  readonly stateDigest: string | undefined;
  readonly compression: Compression;
}

export interface ImageEnd {
  readonly imageBytes: number;
  readonly sha256: string | undefined;
}

export interface ImageFile {
  readonly path: string;
  readonly bytes: number;
  readonly header: ImageHeader;
  /** Each call reads from the start. The end is reached only in an undamaged file. @throws CORRUPT */
  chunks(): AsyncGenerator<Uint8Array, ImageEnd>;
}

const snapshotMagic = utf8("RAFTSNP\0");

/** @throws NOT_FOUND, CORRUPT, INCOMPATIBLE, INVALID_ARGUMENT, besides what `use` throws */
export async function withImageFile<T>(name: string, use: (image: ImageFile) => Promise<T>): Promise<T> {
  const file = await new NodeDisk().open(await existingFile(name), "read");
  try {
    return await use(await openImageFile(file, portablePorts));
  } finally {
    await file.close();
  }
}

/** On any disk. @throws CORRUPT, INCOMPATIBLE */
export async function openImageFile(file: DiskFile, ports: PortablePorts): Promise<ImageFile> {
  const begin = await file.read(0, snapshotMagic.length);
  const isSnapshot = begin.length > 0 && snapshotMagic.every((byte, place) => begin[place] === byte);
  const opened = isSnapshot ? await openSnapshot(file, ports.crc32) : await openPortable(file, ports);
  return { path: file.path, bytes: await file.size(), ...opened };
}

async function openPortable(file: DiskFile, ports: PortablePorts): Promise<Pick<ImageFile, "header" | "chunks">> {
  const reader = await PortableReader.open(file, ports);
  return { header: { kind: "backup", ...reader.header }, chunks: () => reader.chunks() };
}

async function openSnapshot(file: DiskFile, crc32: Crc32): Promise<Pick<ImageFile, "header" | "chunks">> {
  const { header: { clusterId, region, index, term, membership } } = await readSnapshotHeader(file, crc32);
  const name = region === globalRegion ? globalRegionName : `region ${region}`;
  return {
    header: { kind: "snapshot", clusterId, clusterIncarnation: undefined, region: { id: region, name }, index, term, membership, stateDigest: undefined, compression: "none" },
    chunks: () => snapshotImage(file, crc32),
  };
}

async function* snapshotImage(file: DiskFile, crc32: Crc32): AsyncGenerator<Uint8Array, ImageEnd> {
  let imageBytes = 0;
  for await (const chunk of readSnapshotChunks(file, crc32)) {
    imageBytes += chunk.length;
    yield chunk;
  }
  return { imageBytes, sha256: undefined };
}

async function existingFile(name: string): Promise<string> {
  if (name.includes("\0")) throw new RaftctlError("INVALID_ARGUMENT", `${JSON.stringify(name)} is not the name of a file`);
  const path = resolve(name);
  const found = await realpath(path).then(async (real) => ({ real, isFile: (await stat(real)).isFile() }), notFound(path));
  if (!found.isFile) throw new RaftctlError("INVALID_ARGUMENT", `${path} is not a file`, { hint: "name a file that raftctl snapshot --output has written" });
  return found.real;
}

function notFound(path: string): (error: unknown) => never {
  return (error) => {
    const { code = "" } = error as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    throw new RaftctlError(missing ? "NOT_FOUND" : "IO_ERROR", missing ? `there is no file ${path}` : `cannot open ${path}: ${code}`, { cause: error });
  };
}

