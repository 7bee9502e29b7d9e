// What a portable file promises: it is read back as it was written, one state has one spelling, and nothing that was done to it goes unnoticed.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { utf8, writeU32 } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { parseNodeId, parseRegionId } from "../../../src/base/ids.ts";
import { cutParts, headerCrc, headerFixedBytes, partBytesMax, PortableEncoder } from "../../../src/storage/portable/portable-encoder.ts";
import { encodeHeader } from "../../../src/storage/portable/portable-header.ts";
import { PortableReader } from "../../../src/storage/portable/portable-decoder.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { encoded, forged, header, ports, read, refusal } from "./portable-files.ts";

const text = Buffer.from(encodeHeader(header)).toString();
const small = [utf8("first part"), utf8("second")];

test("what was written is read back, with its header, its size and its SHA-256", async () => {
  const file = await encoded(small);
  const { header: found, image, end } = await read(file);
  expect(found).toEqual(header);
  expect(Buffer.from(image).toString()).toBe("first partsecond");
  expect(end).toEqual({ bytes: file.length, imageBytes: 16, parts: 2, sha256: createHash("sha256").update(file).digest("hex") });
  expect(Buffer.from(file.subarray(-32))).toEqual(createHash("sha256").update(file.subarray(0, -32)).digest());
});

test("compressed parts are read back, and an empty image is a file as well", async () => {
  const zeros = new Uint8Array(partBytesMax);
  const file = await encoded([zeros, utf8("rest")], { compression: "zstd" });
  expect(file.length).toBeLessThan(2_000);
  expect(Buffer.from((await read(file)).image).equals(Buffer.concat([zeros, utf8("rest")]))).toBe(true);
  expect((await read(await encoded([]))).image).toHaveLength(0);
});

test("two writers of one state write the same bytes, whatever order their objects have", async () => {
  const { region, membership, ...rest } = header;
  const [member] = membership.members;
  const { id, name, ...others } = member!;
  const reordered = { ...membership, members: [{ ...others, name, id }] };
  const other = { membership: reordered, ...rest, region: { name: region.name, id: region.id } };
  expect(encodeHeader(other)).toEqual(encodeHeader(header));
});

test("every flipped bit of a file is noticed, and said to be damage (N13, T21)", async () => {
  for (const compression of ["none", "zstd"] as const) {
    const file = await encoded(small, { compression });
    for (let place = 0; place < file.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        file[place]! ^= 1 << bit;
        expect(await refusal(file), `byte ${place} bit ${bit}`).toBe("CORRUPT");
        file[place]! ^= 1 << bit;
      }
    }
    expect(await refusal(file)).toBeUndefined();
  }
});

test("a file that was cut short anywhere, or goes on behind its end, is noticed (N13)", async () => {
  const file = await encoded(small);
  for (let length = 0; length < file.length; length += 1) expect(await refusal(file.subarray(0, length)), `${length} bytes`).toBe("CORRUPT");
  expect(await refusal(Buffer.concat([file, Uint8Array.of(0)]))).toBe("CORRUPT");
});

test("parts that changed places, are missing, or come from another file are noticed", async () => {
  const [one, two] = [await encoded([utf8("aaaa"), utf8("bbbb")]), await encoded([utf8("bbbb"), utf8("aaaa")])];
  const begin = one.length - 24 - 32 - 2 * 12;
  const swapped = Buffer.concat([one.subarray(0, begin), one.subarray(begin + 12, begin + 24), one.subarray(begin, begin + 12), one.subarray(begin + 24)]);
  const shortened = Buffer.concat([one.subarray(0, begin), one.subarray(begin + 12)]);
  const mixed = Buffer.concat([one.subarray(0, begin + 12), two.subarray(begin + 12)]);
  expect([await refusal(swapped), await refusal(shortened), await refusal(mixed)]).toEqual(["CORRUPT", "CORRUPT", "CORRUPT"]);
});

test("a file that is no backup says so, and so does an empty one", async () => {
  await expect(read(utf8("#!/bin/sh\necho this is a longer script\n"))).rejects.toThrow("does not begin like a backup");
  await expect(read(new Uint8Array(0))).rejects.toThrow("it is empty");
});

test("a whole file of a newer format is not called damaged: it is incompatible (S115)", async () => {
  const newer = await encoded(small);
  writeU32(newer, 8, 2);
  writeU32(newer, 16, headerCrc(newer.subarray(0, headerFixedBytes + encodeHeader(header).length), crc32));
  await expect(read(newer)).rejects.toMatchObject({ code: "INCOMPATIBLE", message: expect.stringContaining("format 2") as string });
  expect(await refusal(await encoded(small, { imageFormat: 2 }))).toBe("INCOMPATIBLE");
});

test("without zstd in this Node a compressed file is refused with the remedy, and others are read", async () => {
  const without = { ...ports, zstd: undefined };
  expect(await refusal(await encoded(small), without)).toBeUndefined();
  await expect(read(await encoded(small, { compression: "zstd" }), without)).rejects.toMatchObject({ code: "INCOMPATIBLE", hint: expect.stringContaining("--compression none") as string });
  expect(() => new PortableEncoder(without, "zstd")).toThrow("not part of the Node");
});

test("lengths are bounded before anything is read: a header, a part, and what a part becomes (T1)", async () => {
  const long = await encoded(small);
  writeU32(long, 12, 0xffff_ffff);
  await expect(read(long)).rejects.toThrow("a header of 4294967295 bytes");
  const part = await encoded(small);
  writeU32(part, headerFixedBytes + encodeHeader(header).length, 0x7fff_ffff);
  await expect(read(part)).rejects.toThrow("a part of 2147483647 bytes");
  const bomb = { ...ports, zstd: { compress: () => Uint8Array.of(1, 0, 0, 0, 255), decompress: ports.zstd!.decompress } };
  const encoder = new PortableEncoder(bomb, "zstd");
  const file = Buffer.concat([encoder.header({ ...header, compression: "zstd" }), await encoder.part(utf8("x")), encoder.end().bytes]);
  await expect(read(file)).rejects.toThrow("cannot be decompressed");
  const careless = { ...ports, zstd: { ...bomb.zstd, decompress: () => new Uint8Array(partBytesMax + 1) } };
  await expect(read(file, careless)).rejects.toThrow("larger than 1048576 bytes");
  await expect(read(file, { ...ports, zstd: { ...bomb.zstd, decompress: () => new Uint8Array(0) } })).rejects.toThrow("a part is empty");
  await expect(read(forged(text, [new Uint8Array(partBytesMax + 1)]))).rejects.toThrow("a part of 1048577 bytes");
});

test.each([
  ["another order of its fields", text.replace('"index":42,"term":3', '"term":3,"index":42')],
  ["a space", text.replace(",", ", ")],
  ["one field more", text.replace("{", '{"more":1,')],
  ["a key twice", text.replace('"term":3', '"term":3,"term":3')],
  ["__proto__", text.replace("{", '{"__proto__":1,')],
  ["an index of 0", text.replace('"index":42', '"index":0')],
  ["an index beyond 2^53", text.replace('"index":42', '"index":9007199254740993')],
  ["a name with NUL", text.replace('"n1"', '"n\\u0000"')],
  ["a name that leads to another directory", text.replace('"n1"', '"../n1"')],
  ["a region with a path for a name", text.replace('"global"', '"../../etc"')],
  ["an address that moves the cursor", text.replace("127.0.0.1:7401", "\\u001b[2J")],
  ["a cluster id that is none", text.replace("0123456789abcdef0123456789abcdef", "0123")],
  ["no membership", text.replace(/"membership":\{.*\},"state/, '"membership":null,"state')],
  ["an unknown compression", text.replace('"none"', '"brotli"')],
  ["no object", "[]"],
  ["no JSON", "{"],
])("a header with %s is refused, although its checksum is right (T22)", async (_what, changed) => {
  expect(changed).not.toBe(text);
  expect(await refusal(forged(changed, small))).toBe("CORRUPT");
});

test("a file that claims other totals than it has is refused, although its checksums are right", async () => {
  expect(Buffer.from(forged(text, small)).equals(await encoded(small))).toBe(true);
  expect(await refusal(forged(text, small, { imageBytes: 16, parts: 3 }))).toBe("CORRUPT");
  expect(await refusal(forged(text, small, { imageBytes: 17, parts: 2 }))).toBe("CORRUPT");
});

test("nothing of a damaged part is handed out, and what was whole before it is", async () => {
  const file = await encoded(small);
  file[file.length - 32 - 24 - 1]! ^= 1;
  const disk = new MemoryDisk();
  disk.plant("/backup", file);
  const chunks = (await PortableReader.open(await disk.open("/backup", "read"), ports)).chunks();
  expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe("first part");
  await expect(chunks.next()).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a header with as many members as there may be is read, one more is not", async () => {
  const many = (count: number): typeof header.membership => ({ ...header.membership, members: Array.from({ length: count }, (_, place) => ({ ...header.membership.members[0]!, id: parseNodeId(String(place + 1)), name: `n${place}` })) });
  expect(await refusal(await encoded(small, { membership: many(256) }))).toBeUndefined();
  expect(await refusal(await encoded(small, { membership: many(257) }))).toBe("CORRUPT");
});

test("a member that is only expected, and has no incarnation yet, is a member; none has a negative one", async () => {
  const expecting = (incarnation: number): typeof header.membership => ({ ...header.membership, members: [...header.membership.members, { ...header.membership.members[0]!, id: parseNodeId("8"), name: "n2", incarnation }] });
  const { header: found } = await read(await encoded(small, { membership: expecting(0) }));
  expect(found.membership.members[1]!.incarnation).toBe(0);
  for (const incarnation of [-1, 0.5]) expect(await refusal(await encoded(small, { membership: expecting(incarnation) }))).toBe("CORRUPT");
});

test("the members of a file have addresses as members have them, host names in any script too, and nothing that a terminal would obey", async () => {
  const at = (peerAddress: string): typeof header.membership => ({ ...header.membership, members: [{ ...header.membership.members[0]!, peerAddress }] });
  for (const address of ["[::1]:7401", "münchen.example:7401", `${"h".repeat(255)}:65535`]) expect(await refusal(await encoded(small, { membership: at(address) })), address).toBeUndefined();
  for (const address of ["", "a b:1", "\u001b[31m:1", "h".repeat(301)]) expect(await refusal(await encoded(small, { membership: at(address) })), JSON.stringify(address)).toBe("CORRUPT");
});

test("any region's state can be written and read", async () => {
  const { header: found } = await read(await encoded(small, { region: { id: parseRegionId(7), name: "eu" } }));
  expect(found.region).toEqual({ id: 7, name: "eu" });
});

test("the image is cut into equal parts, whatever pieces it comes in", async () => {
  const whole = Uint8Array.from({ length: 2 * partBytesMax + 5 }, (_, place) => place % 251);
  const pieces = function* (size: number): Generator<Uint8Array> {
    for (let offset = 0; offset < whole.length; offset += size) yield whole.subarray(offset, offset + size);
  };
  for (const size of [128 * 1024, 1_000_003, 3 * partBytesMax]) {
    const parts: Uint8Array[] = [];
    for await (const part of cutParts(pieces(size))) parts.push(part.slice());
    expect(parts.map(({ length }) => length)).toEqual([partBytesMax, partBytesMax, 5]);
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
  }
  for await (const _part of cutParts([])) expect.fail("nothing is cut from nothing");
});
