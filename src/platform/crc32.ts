// CRC-32 by node:zlib, for everything above the line that needs a checksum (base/crc.ts has the definition and a slower twin).

import { crc32 as zlibCrc32 } from "node:zlib";
import type { Crc32 } from "../base/crc.ts";

export const crc32: Crc32 = (bytes, seed = 0) => zlibCrc32(bytes, seed);
