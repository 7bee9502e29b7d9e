// CRC-32 (IEEE 802.3, the polynomial of zlib). The pure implementation serves below the line and in tests; the daemon injects the one of
// node:zlib, which computes the same value fifteen times faster (platform/crc32.ts).

/** @param seed the checksum of what came before, for data in several pieces. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

const table = buildTable();

export const crc32: Crc32 = (bytes, seed = 0) => {
  let crc = ~seed;
  for (let index = 0; index < bytes.length; index += 1) {
    crc = (crc >>> 8) ^ table[(crc ^ bytes[index]!) & 0xff]!;
  }
  return ~crc >>> 0;
};

function buildTable(): Uint32Array {
  const entries = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    entries[byte] = value >>> 0;
  }
  return entries;
}
