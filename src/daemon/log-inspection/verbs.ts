// What the `inspect-log` verbs call for directories: each opens the real file system and leaves it as it was.

import { crc32 } from "../../platform/crc32.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import type { LogSource } from "../../wire/log-inspection.ts";
import { DirectoryLog } from "./directory-log.ts";
import { verifyDirectory, type VerificationReport } from "./verification.ts";

/** The caller closes it. @throws NOT_INITIALIZED, UNKNOWN_GROUP, CORRUPT, INCOMPATIBLE, IO_ERROR */
export function openLogDirectory(dataDir: string, region: string): Promise<LogSource> {
  return DirectoryLog.open({ disk: new NodeDisk(), crc32, dataDir }, region);
}

/** @throws NOT_INITIALIZED, INCOMPATIBLE, IO_ERROR */
export function verifyDataDirectory(dataDir: string): Promise<VerificationReport> {
  return verifyDirectory({ disk: new NodeDisk(), crc32, dataDir });
}
