import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { encodeCommand, withTime } from "../../src/wire/command.ts";
import { limits } from "../../src/wire/limits.ts";
import { checkTxnCommand, decodeTxn, encodeTxn, txnPartsMax, txnRangeLimitMax, type Comparison, type Txn, type TxnStep } from "../../src/wire/txn.ts";
import { decodeStepResults, encodeStepResults, type TxnStepResult } from "../../src/wire/txn-result.ts";

const nothing: Txn = { compare: [], then: [], else: [] };
const put = (key: string, value = "v"): TxnStep => ({ operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false });
const del = (key: string): TxnStep => ({ operation: "delete", key: utf8(key), wantPrevious: true });
const delRange = (start: string, end?: string): TxnStep => ({ operation: "deleteRange", start: utf8(start), end: end === undefined ? undefined : utf8(end) });
const range = (start: string, end?: string): TxnStep => ({ operation: "range", start: utf8(start), end: end === undefined ? undefined : utf8(end), limit: 7, keysOnly: true });
const held: Comparison = { key: utf8("k"), target: "version", relation: "equal", number: 3 };

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof RaftctlError) return error.code;
    throw error;
  }
  return undefined;
}

const bytes = fc.uint8Array({ maxLength: 20 });
const key = fc.uint8Array({ minLength: 1, maxLength: 20 });
const relation = fc.constantFrom("equal" as const, "notEqual" as const, "less" as const, "greater" as const);
const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({ key, relation, target: fc.constantFrom("version" as const, "createIndex" as const, "modIndex" as const), number: fc.maxSafeNat() }),
  fc.record({ key, relation, target: fc.constant("value" as const), value: bytes }),
);
const step: fc.Arbitrary<TxnStep> = fc.oneof(
  fc.record({ operation: fc.constant("put" as const), key, value: bytes, wantPrevious: fc.boolean() }),
  fc.record({ operation: fc.constant("delete" as const), key, wantPrevious: fc.boolean() }),
  fc.record({ operation: fc.constant("range" as const), start: bytes, end: fc.option(bytes, { nil: undefined }), limit: fc.integer({ min: 1, max: txnRangeLimitMax }), keysOnly: fc.boolean() }),
);
const txn: fc.Arbitrary<Txn> = fc.record({ compare: fc.array(comparison, { maxLength: 5 }), then: fc.array(step, { maxLength: 4 }), else: fc.array(step, { maxLength: 4 }) })
  .filter((candidate) => codeOf(() => encodeTxn(candidate)) === undefined);

describe("a transaction", () => {
  test("comes out as it went in, and every one has exactly one encoding", () => {
    fc.assert(fc.property(txn, (given) => {
      const encoded = encodeTxn(given);
      expect(encodeTxn(decodeTxn(encoded))).toEqual(encoded);
      const { compare, then, else: otherwise } = decodeTxn(encoded);
      expect({ compare, then: then.map(plain), else: otherwise.map(plain) }).toEqual({ ...given, then: given.then.map(plain), else: given.else.map(plain) });
    }), { numRuns: 2_000 });
  });

  test("has these bytes, which stand in logs for ever", () => {
    const given: Txn = { compare: [{ key: utf8("a"), target: "modIndex", relation: "greater", number: 2 ** 33 }, { key: utf8("b"), target: "value", relation: "notEqual", value: utf8("x") }], then: [del("c")], else: [range("d", "ee")] };
    expect(Buffer.from(encodeTxn(given)).toString("hex")).toBe([
      "01020101",
      "0304", "0100", "00000000", "0000000002000000", "61",
      "0402", "0100", "01000000", "0000000000000000", "62", "78",
      "29000000", "01020100", "01000000", "00000000", "00000000", "0".repeat(48), "63",
      "0b000000", "0001", "0100", "0200", "0700", "64", "6565",
    ].join(""));
  });

  test("whose bytes were changed is refused, or is another one that is encoded like this", () => {
    let accepted = 0;
    fc.assert(fc.property(txn, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, change) => {
      const encoded = encodeTxn(given);
      encoded[place % encoded.length]! ^= change;
      if (codeOf(() => decodeTxn(encoded)) !== undefined) return;
      accepted += 1;
      expect(encodeTxn(decodeTxn(encoded))).toEqual(encoded);
    }), { numRuns: 5_000 });
    expect(accepted).toBeGreaterThan(100);
    for (const cut of [0, 3, 4, 10, 30]) expect(codeOf(() => decodeTxn(encodeTxn({ compare: [held], then: [put("a")], else: [] }).subarray(0, cut)))).toBe("BAD_REQUEST");
    expect(codeOf(() => decodeTxn(Uint8Array.of(...encodeTxn(nothing), 0)))).toBe("BAD_REQUEST");
  });

  test.each<[string, Partial<Txn>]>([
    ["two puts of a key", { then: [put("a"), put("b"), put("a")] }],
    ["a put and a deletion", { else: [put("a"), del("a")] }],
    ["a put within a range that is deleted", { then: [delRange("a", "c"), put("b")] }],
    ["a put behind the beginning of a range without an end", { then: [put("z"), delRange("a")] }],
    ["a range from the first key", { then: [delRange("", "b"), put("a")] }],
    ["two ranges that overlap", { then: [delRange("a", "c"), delRange("b", "d")] }],
    ["two ranges without an end", { then: [delRange("a"), delRange("b")] }],
  ])("in which two steps of one side write the same key is refused: %s", (_name, parts) => {
    expect(codeOf(() => encodeTxn({ ...nothing, ...parts }))).toBe("INVALID_ARGUMENT");
  });

  test("may write a key on both sides, write next to a range, and read whatever it writes", () => {
    const encoded = encodeTxn({ compare: [held], then: [put("a"), range("a"), range("a"), delRange("b", "c"), put("c")], else: [put("a"), del("aa")] });
    expect(decodeTxn(encoded).then).toHaveLength(5);
  });

  test("that makes no sense is refused before it is encoded", () => {
    const senseless: [Partial<Txn>, string][] = [
      [{ compare: [{ ...held, key: utf8("") }] }, "INVALID_ARGUMENT"],
      [{ compare: [{ ...held, number: -1 }] }, "INVALID_ARGUMENT"],
      [{ compare: [{ ...held, number: 0.5 }] }, "INVALID_ARGUMENT"],
      [{ compare: [{ ...held, key: new Uint8Array(limits.keyBytesMax + 1) }] }, "TOO_LARGE"],
      [{ then: [put("")] }, "INVALID_ARGUMENT"],
      [{ then: [{ ...put("a"), session: { id: 1n, sequence: 1 } } as TxnStep] }, "INVALID_ARGUMENT"],
      [{ then: [{ ...put("a"), condition: { kind: "absent" } } as TxnStep] }, "INVALID_ARGUMENT"],
      [{ then: [{ ...range("a"), limit: 0 } as TxnStep] }, "INVALID_ARGUMENT"],
      [{ then: [{ ...range("a"), limit: txnRangeLimitMax + 1 } as TxnStep] }, "INVALID_ARGUMENT"],
      [{ then: [{ ...range("a"), start: new Uint8Array(limits.keyBytesMax + 1) } as TxnStep] }, "TOO_LARGE"],
      [{ then: Array.from({ length: txnPartsMax + 1 }, (_, place) => put(`${place}`)) }, "TOO_LARGE"],
      [{ compare: Array.from({ length: txnPartsMax + 1 }, () => held) }, "TOO_LARGE"],
      [{ then: [put("a", "x".repeat(limits.valueBytesMax))] }, "TOO_LARGE"],
    ];
    for (const [parts, code] of senseless) expect([parts, codeOf(() => encodeTxn({ ...nothing, ...parts }))]).toEqual([parts, code]);
    expect(codeOf(() => encodeTxn({ ...nothing, then: Array.from({ length: txnPartsMax }, (_, place) => put(`${place}`)) }))).toBeUndefined();
  });

  test("whose steps are forged into something else is refused", () => {
    const carrying = (content: Uint8Array): Uint8Array => {
      const forged = new Uint8Array(8 + content.length);
      forged.set([1, 0, 1, 0, content.length]);
      forged.set(content, 8);
      return forged;
    };
    const a = utf8("a");
    expect(codeOf(() => decodeTxn(carrying(encodeCommand({ operation: "put", key: a, value: a, wantPrevious: false }))))).toBeUndefined();
    const forged = [
      encodeCommand({ operation: "set", key: a, value: a }), encodeCommand({ operation: "append", key: a, value: a }), encodeCommand({ operation: "settle", session: { id: 1n, sequence: 1 } }),
      encodeCommand({ operation: "txn", body: encodeTxn(nothing) }), withTime(encodeCommand({ operation: "delete", key: a, wantPrevious: false }), 5),
    ];
    for (const content of forged) expect(codeOf(() => decodeTxn(carrying(content)))).toBe("BAD_REQUEST");
    for (const content of [encodeCommand({ operation: "delete", key: a, wantPrevious: false, session: { id: 1n, sequence: 1 } }), encodeCommand({ operation: "delete", key: a, wantPrevious: false, condition: { kind: "absent" } })]) {
      expect(codeOf(() => decodeTxn(carrying(content)))).toBe("INVALID_ARGUMENT");
    }
  });

  test("at the door is read to its end; other commands are none of its business", () => {
    expect(codeOf(() => checkTxnCommand(encodeCommand({ operation: "txn", body: encodeTxn(nothing) })))).toBeUndefined();
    expect(codeOf(() => checkTxnCommand(encodeCommand({ operation: "txn", body: utf8("nonsense") })))).toBe("BAD_REQUEST");
    expect(codeOf(() => checkTxnCommand(encodeCommand({ operation: "put", key: utf8("a"), value: utf8("nonsense"), wantPrevious: false })))).toBeUndefined();
  });
});

/** What is not there and what is undefined are the same. */
function plain(part: TxnStep): unknown {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
}

describe("what the steps came to", () => {
  const record = fc.record({ key, value: bytes, version: fc.maxSafeNat(), createIndex: fc.maxSafeNat(), modIndex: fc.maxSafeNat() });
  const write = fc.record({ status: fc.constant("ok" as const), version: fc.maxSafeNat(), index: fc.maxSafeNat(), deleted: fc.integer({ min: 0, max: 2 ** 32 - 1 }), previous: fc.constant(undefined), previousDropped: fc.boolean() });
  const result: fc.Arbitrary<TxnStepResult> = fc.oneof(write, fc.record({ records: fc.array(record, { maxLength: 4 }), more: fc.boolean() }));

  test("comes out as it went in", () => {
    fc.assert(fc.property(fc.array(result, { maxLength: 5 }), (results) => {
      expect(decodeStepResults(encodeStepResults(results)).map((one) => ("records" in one ? one : { ...one, offset: undefined, steps: undefined }))).toEqual(results.map((one) => ("records" in one ? one : { ...one, offset: undefined, steps: undefined })));
    }), { numRuns: 1_000 });
  });

  test("is refused when its bytes are cut or go on", () => {
    const whole = encodeStepResults([{ records: [{ key: utf8("a"), value: utf8("v"), version: 1, createIndex: 1, modIndex: 1 }], more: false }]);
    for (let cut = 1; cut < whole.length; cut += 1) expect(codeOf(() => decodeStepResults(whole.subarray(0, cut))), `${cut}`).toBe("BAD_REQUEST");
    expect(codeOf(() => decodeStepResults(Uint8Array.of(...whole, 1)))).toBe("BAD_REQUEST");
  });
});
