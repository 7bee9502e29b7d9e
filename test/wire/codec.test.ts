import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { limits } from "../../src/wire/limits.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const decode = (bytes: Uint8Array): unknown => messagePackCodec.decode(bytes);
const badFrame = (reason: string): unknown => expect.objectContaining({ code: "BAD_FRAME", message: expect.stringContaining(reason) as string });
const refusal = (bytes: Uint8Array): unknown => {
  try {
    return decode(bytes);
  } catch (error) {
    return error;
  }
};

test("what is encoded is decoded, undefined as null", () => {
  const value = [0, 1, -1, 127, 128, 255, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER, -(2 ** 40), 1.5, true, false, null, undefined, "", "käse", { a: [1], b: {} }];
  expect(decode(messagePackCodec.encode(value, 0))).toEqual(value.map((part) => part ?? null));
});

test("the reserved bytes stand before the value", () => {
  const bytes = messagePackCodec.encode([1, "a"], 8);
  expect(decode(bytes.subarray(8))).toEqual([1, "a"]);
});

test("bytes are decoded as views on the input", () => {
  const bytes = messagePackCodec.encode([new Uint8Array(300).fill(5)], 0);
  const [view] = decode(bytes) as [Uint8Array];
  expect(view.buffer).toBe(bytes.buffer);
  expect([...view.subarray(0, 2)]).toEqual([5, 5]);
});

test("keys that name parts of objects are harmless, and __proto__ is refused (T4)", () => {
  const value = decode(messagePackCodec.encode([new Map([["constructor", 1], ["hasOwnProperty", 2], ["toString", 3]])], 0)) as [object];
  expect(Object.entries(value[0])).toEqual([["constructor", 1], ["hasOwnProperty", 2], ["toString", 3]]);
  // {"__proto__": {"admin": true}}
  expect(refusal(hex("81 a9 5f5f70726f746f5f5f 81 a5 61646d696e c3"))).toEqual(badFrame("__proto__"));
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
});

test("a map with a key twice is refused, at any depth (T4)", () => {
  expect(refusal(hex("82 a1 61 01 a1 61 02"))).toEqual(badFrame("a key twice"));
  expect(refusal(hex("81 a1 78 91 82 a1 61 01 a1 61 02"))).toEqual(badFrame("a key twice"));
});

test("map keys other than strings are refused (T4)", () => {
  expect(refusal(hex("81 01 02"))).toEqual(badFrame("map key"));
  expect(refusal(hex("81 c4 01 61 02"))).toEqual(badFrame("map key"));
});

test("integers past 2^53 are never exact-looking numbers or bigints (T5, S9)", () => {
  for (const bytes of ["cf 0020000000000001", "cf ffffffffffffffff", "d3 8000000000000000"]) {
    const value = decode(hex(bytes));
    expect(typeof value).toBe("number");
    expect(Number.isSafeInteger(value)).toBe(false);
  }
  expect(decode(hex("cf 001fffffffffffff"))).toBe(Number.MAX_SAFE_INTEGER);
});

test("records and every other extension are refused, so that no peer changes how another one's messages are read (T6)", () => {
  const recordDefinition = new Packr({ useRecords: true }).pack({ role: "admin" });
  expect(refusal(new Uint8Array(recordDefinition))).toEqual(badFrame("is not used"));
  for (const extension of ["d4 72 40", "c7 01 72 40", "d6 ff 00000000", "c8 0001 62 00", "c9 00000001 65 00", "d4 00 00", "c1", "d8 72 00000000000000000000000000000000"]) {
    expect(refusal(hex(extension))).toEqual(badFrame("is not used"));
  }
  expect(decode(hex("40"))).toBe(0x40);
});

test("counts that announce more than there is are refused at once (T2)", () => {
  for (const bomb of ["dd ffffffff", "df ffffffff", "df 7fffffff 00", "dc ffff 00", "de ffff a0", "9f", "8f"]) {
    expect(refusal(hex(bomb))).toEqual(badFrame("values are announced"));
  }
  for (const bomb of ["c6 ffffffff 00", "db ffffffff 61", "c5 ffff", "d9"]) expect(refusal(hex(bomb))).toEqual(badFrame("ends early"));
});

test("nested array headers cost no more than their bytes (T2)", () => {
  const bomb = new Uint8Array(10_000);
  for (let at = 0; at + 5 <= bomb.length; at += 5) bomb.set([0xdd, 0, 0, 0x10, 0], at);
  // The time of this thread, not of a machine that is busy with something else.
  const before = process.threadCpuUsage();
  expect(refusal(bomb)).toMatchObject({ code: "BAD_FRAME" });
  const spent = process.threadCpuUsage(before);
  expect((spent.user + spent.system) / 1_000).toBeLessThan(5);
});

test(`nesting deeper than ${limits.depthMax} is refused without recursion (T3)`, () => {
  const nested = (depth: number): Uint8Array => Uint8Array.from({ length: depth + 1 }, (_, at) => (at < depth ? 0x91 : 0x01));
  expect(decode(nested(limits.depthMax))).toBeDefined();
  expect(refusal(nested(limits.depthMax + 1))).toEqual(badFrame("nested deeper"));
  expect(refusal(new Uint8Array(1_000_000).fill(0x91))).toEqual(badFrame("nested deeper"));
  expect(refusal(new Uint8Array(1_000_000).fill(0x81))).toMatchObject({ code: "BAD_FRAME" });
});

test(`more than ${limits.nodesMax} values in one frame are refused (T2)`, () => {
  const count = limits.nodesMax + 5;
  const bytes = new Uint8Array(5 + count).fill(0xc0);
  bytes.set([0xdd, count >>> 24, count >>> 16, count >>> 8, count & 0xff]);
  expect(refusal(bytes)).toEqual(badFrame("more than"));
});

test("bytes after the value, and a value that ends early, are refused", () => {
  expect(refusal(hex("01 02"))).toEqual(badFrame("follow the value"));
  expect(refusal(hex(""))).toEqual(badFrame("ends early"));
  expect(refusal(hex("92 01"))).toMatchObject({ code: "BAD_FRAME" });
  expect(refusal(hex("a5 61"))).toEqual(badFrame("ends early"));
});

test("a refused value leaves the codec as it was", () => {
  refusal(hex("81 a1 61"));
  expect(decode(messagePackCodec.encode([{ a: 1 }], 0))).toEqual([{ a: 1 }]);
});

test("an abandoned encoding leaves its place to the next one, and an older one cannot be abandoned", () => {
  const kept = messagePackCodec.encode(["kept"], 8);
  const abandoned = messagePackCodec.encode(["x".repeat(100_000)], 8);
  messagePackCodec.abandon(abandoned);
  const next = messagePackCodec.encode(["next"], 8);
  expect([next.buffer === abandoned.buffer, next.byteOffset]).toEqual([true, abandoned.byteOffset]);
  expect([decode(kept.subarray(8)), decode(next.subarray(8))]).toEqual([["kept"], ["next"]]);
  expect(() => messagePackCodec.abandon(kept)).toThrow("only what was encoded last is abandoned");
});
