// Backups for tests: a state machine of chosen content in memory, and the portable file of it, in memory or as a real file.

import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { globalRegion, parseClusterId } from "../../../src/base/ids.ts";
import { openImageFile, type ImageFile } from "../../../src/daemon/backup/image-file.ts";
import { portablePorts } from "../../../src/daemon/backup/portable-codecs.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { MachineImage } from "../../../src/machine/state-machine.ts";
import { cutParts, PortableEncoder } from "../../../src/storage/portable/portable-encoder.ts";
import { imageFormat, type PortableHeader } from "../../../src/storage/portable/portable-header.ts";
import type { Command } from "../../../src/wire/command.ts";
import { votersOf } from "../../host/support/members.ts";
import { entryOf } from "../../machine/bytes-of.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";

const root = mkdtempSync(join(tmpdir(), "raftctl-backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

export const clusterId = parseClusterId("c0ffee00".repeat(4));

export function newPath(): string {
  files += 1;
  return join(root, `f${files}`);
}

export function machineOf(commands: readonly Command[], term = 3): Machine {
  const machine = new Machine({ store: new MemoryStore(), crc32, checkpointInterval: 2 });
  commands.forEach((command, place) => machine.apply(entryOf(place + 1, command, term)));
  return machine;
}

export function headerOf(image: MachineImage, changes: Partial<PortableHeader> = {}): PortableHeader {
  const { index, term, digest } = image;
  return { clusterId, clusterIncarnation: 1, region: { id: globalRegion, name: "global" }, index, term, membership: votersOf(1), stateDigest: digest, imageFormat, compression: "none", ...changes };
}

export async function backupOf(machine: Machine, changes: Partial<PortableHeader> = {}): Promise<Uint8Array> {
  const image = machine.image();
  const header = headerOf(image, changes);
  const encoder = new PortableEncoder(portablePorts, header.compression);
  const pieces = [encoder.header(header)];
  for await (const part of cutParts(image.chunks())) pieces.push((await encoder.part(part)).slice());
  image.close();
  return new Uint8Array(Buffer.concat([...pieces, encoder.end().bytes]));
}

/** In memory, opened. */
export async function imageFile(bytes: Uint8Array): Promise<ImageFile> {
  const disk = new MemoryDisk();
  disk.plant("/backup", bytes);
  return openImageFile(await disk.open("/backup", "read"), portablePorts);
}

/** A real file; its path. */
export async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = newPath();
  await writeFile(path, bytes);
  return path;
}
