import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { type ErrorCode, RaftctlError } from "../../src/base/errors.ts";
import { addsData, checkCommand, type Command, commandFault, decodeCommand, encodeCommand, isExpiry, isSetting, timeOf, withTime } from "../../src/wire/command.ts";
import { settingNameBytesMax, streamNameBytesMax } from "../../src/wire/command-limits.ts";
import { type CommandResult, decodeResult, encodeResult, withoutTail } from "../../src/wire/command-result.ts";
import { leaseTtlMsMax } from "../../src/wire/lease-command.ts";
import { limits } from "../../src/wire/limits.ts";

const count = fc.maxSafeNat();
const key = fc.uint8Array({ minLength: 1, maxLength: 40 });
const value = fc.uint8Array({ maxLength: 60 });
const session = fc.option(fc.record({ id: fc.bigInt(1n, 2n ** 64n - 1n), sequence: count.map((number) => Math.max(1, number)) }), { nil: undefined });
const condition = fc.option(fc.oneof(
  fc.constant({ kind: "absent" as const }),
  fc.record({ kind: fc.constant("version" as const), version: count }),
  fc.record({ kind: fc.constant("value" as const), value }),
), { nil: undefined });
const lease = fc.bigInt(1n, 2n ** 64n - 1n);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ operation: fc.constant("put" as const), key, value, condition, wantPrevious: fc.boolean(), lease: fc.option(lease, { nil: undefined }), session }),
  fc.record({ operation: fc.constant("delete" as const), key, condition, wantPrevious: fc.boolean(), session }),
  fc.record({
    operation: fc.constant("deleteRange" as const), start: fc.uint8Array({ maxLength: 40 }),
    end: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }), session,
  }),
  fc.record({ operation: fc.constant("append" as const), key, value, session }),
  fc.record({ operation: fc.constant("set" as const), key, value, session }),
  fc.record({ operation: fc.constant("txn" as const), body: value, session }),
  fc.record({ operation: fc.constant("settle" as const), session: fc.record({ id: fc.bigInt(1n, 2n ** 64n - 1n), sequence: count.map((number) => Math.max(1, number)) }) }),
  fc.record({ operation: fc.constant("leaseGrant" as const), lease, ttlMs: fc.integer({ min: 1, max: leaseTtlMsMax }), session }),
  fc.record({ operation: fc.constant("sessionClose" as const), target: lease, session }).filter(({ target, session: own }) => target !== own?.id),
  fc.record({ operation: fc.constant("leaseRevoke" as const), lease, expiredGrant: fc.option(count.map((number) => Math.max(1, number)), { nil: undefined }), session }),
);

const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

function stampedAt(bytes: Uint8Array, taken: number | null): Uint8Array {
  return taken === null ? bytes : withTime(bytes, taken);
}

function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
    return undefined;
  } catch (thrown) {
    return thrown instanceof RaftctlError ? thrown.code : "INTERNAL";
  }
}

const appendA = { operation: "append", key: utf8("a"), value: utf8("1") } as const;
const putA = { operation: "put", key: utf8("a"), value: utf8("1"), wantPrevious: false } as const;

describe("a command", () => {
  test("comes back from its bytes as it was (property)", () => {
    fc.assert(fc.property(command, (original) => {
      const bytes = encodeCommand(original);
      checkCommand(bytes);
      expect(decodeCommand(bytes)).toEqual({ ...original });
    }), { numRuns: 500 });
  });

  test("has exactly one encoding, without a time and with one: whatever decodes is encoded to the same bytes again (property)", () => {
    const withOrWithout = fc.tuple(command, fc.option(time)).map(([original, taken]) => stampedAt(encodeCommand(original), taken));
    fc.assert(fc.property(withOrWithout, fc.nat(48), fc.nat(255), (bytes, offset, byte) => {
      bytes[offset % bytes.length] = byte;
      fc.pre(commandFault(bytes) === undefined);
      expect(stampedAt(encodeCommand(decodeCommand(bytes)), timeOf(bytes) ?? null)).toEqual(bytes);
    }), { numRuns: 1000 });
  });

  test("is the same command with the time at which a leader took it in, which it tells (property)", () => {
    fc.assert(fc.property(command, time, (original, taken) => {
      const bytes = encodeCommand(original);
      const before = bytes.slice();
      const stamped = withTime(bytes, taken + (taken < 2 ** 40 ? 0.75 : 0));
      expect([decodeCommand(stamped), timeOf(stamped), timeOf(bytes), bytes]).toEqual([{ ...original }, taken, undefined, before]);
      expect(withTime(stamped, 7)).toBe(stamped);
    }));
    expect(timeOf(withTime(encodeCommand(putA), -1))).toBe(0);
    expect(new Date(timeOf(withTime(encodeCommand(putA), Number.MAX_SAFE_INTEGER))!).getUTCFullYear()).toBe(275_760);
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 1), new Uint8Array(60).fill(9)]) expect(withTime(bytes, 7)).toBe(bytes);
  });

  test("with a time that no Date can hold, or cut within its time, is malformed", () => {
    const stamped = withTime(encodeCommand(putA), 7);
    stamped[46] = 0x1f;
    expect(commandFault(stamped)).toBe("malformed");
    expect(commandFault(withTime(encodeCommand(putA), 7).subarray(0, 44))).toBe("malformed");
  });

  test("is not accepted from a client that says itself when it was taken in", () => {
    expect(() => checkCommand(withTime(encodeCommand(putA), 7))).toThrow(expect.objectContaining({ code: "BAD_REQUEST", message: expect.stringContaining("has a time already") }));
  });

  test("is accepted by the check at the door exactly when it decodes and has no time, for hostile bytes too (T25, property)", () => {
    const mutated = fc.tuple(command, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }), fc.integer({ min: -3, max: 3 }))
      .map(([original, changes, growth]) => {
        const bytes = encodeCommand(original);
        for (const [offset, byte] of changes) bytes[offset % bytes.length] = byte;
        const resized = new Uint8Array(Math.max(0, bytes.length + growth));
        resized.set(bytes.subarray(0, resized.length));
        return resized;
      });
    const outcomes = new Set<string>();
    fc.assert(fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const atTheDoor = codeOf(() => checkCommand(bytes));
      outcomes.add(atTheDoor ?? "accepted");
      const hasTime = commandFault(bytes) === undefined && timeOf(bytes) !== undefined;
      expect(codeOf(() => decodeCommand(bytes))).toBe(hasTime ? undefined : atTheDoor);
      expect(commandFault(bytes) === undefined).toBe(hasTime || atTheDoor === undefined);
      expect([undefined, "BAD_REQUEST", "TOO_LARGE"]).toContain(atTheDoor);
    }), { numRuns: 5000 });
    expect(outcomes).toContain("accepted");
    expect(outcomes).toContain("BAD_REQUEST");
  });

  test("is decoded as views: nothing is copied", () => {
    const bytes = encodeCommand({ ...putA, condition: { kind: "value", value: utf8("old") } });
    const decoded = decodeCommand(bytes) as Command & { operation: "put" };
    expect(decoded.key.buffer).toBe(bytes.buffer);
    expect(decoded.value.buffer).toBe(bytes.buffer);
  });

  test("is decoded from the middle of a larger buffer", () => {
    const bytes = encodeCommand({ ...putA, session: { id: 2n ** 64n - 1n, sequence: 9 } });
    const within = new Uint8Array(bytes.length + 7).fill(0xff);
    within.set(bytes, 3);
    expect(decodeCommand(within.subarray(3, 3 + bytes.length))).toEqual({ ...putA, condition: undefined, session: { id: 2n ** 64n - 1n, sequence: 9 } });
  });

  test("has these bytes, which stand in logs for ever", () => {
    const bytes = encodeCommand({
      operation: "put", key: utf8("key"), value: utf8("value"), wantPrevious: true, condition: { kind: "version", version: 2 ** 33 },
      session: { id: 0x0102030405060708n, sequence: 5 },
    });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      ["01010500", "03000000", "05000000", "00000000", "0807060504030201", "0500000000000000", "0000000002000000", "6b6579", "76616c7565"].join(""),
    );
  });

  test("that appends has these bytes, which stand in logs for ever", () => {
    const bytes = encodeCommand({ operation: "append", key: utf8("jobs"), value: utf8("data"), session: { id: 0x0102030405060708n, sequence: 5 } });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      ["01040000", "04000000", "04000000", "00000000", "0807060504030201", "0500000000000000", "0000000000000000", "6a6f6273", "64617461"].join(""),
    );
  });

  test("that sets has these bytes, which stand in logs for ever, and a name of 1 to 64 bytes", () => {
    const bytes = encodeCommand({ operation: "set", key: utf8("quota.bytes"), value: utf8("none") });
    expect(Buffer.from(bytes).toString("hex")).toBe(["01050000", "0b000000", "04000000", "00000000", "0".repeat(48), Buffer.from("quota.bytesnone").toString("hex")].join(""));
    expect([isSetting(bytes), addsData(bytes), isSetting(encodeCommand(putA)), addsData(encodeCommand(putA)), addsData(encodeCommand(appendA))]).toEqual([true, false, false, true, true]);
    expect(codeOf(() => encodeCommand({ operation: "set", key: new Uint8Array(settingNameBytesMax), value: new Uint8Array(0) }))).toBeUndefined();
    for (const [length, code] of [[settingNameBytesMax + 1, "TOO_LARGE"], [0, "INVALID_ARGUMENT"]] as const) {
      expect(codeOf(() => encodeCommand({ operation: "set", key: new Uint8Array(length), value: new Uint8Array(0) }))).toBe(code);
    }
    const longName = encodeCommand({ ...putA, key: new Uint8Array(settingNameBytesMax + 1) });
    longName[1] = 5;
    expect(codeOf(() => checkCommand(longName))).toBe("TOO_LARGE");
  });

  test("that is a transaction has these bytes, which stand in logs for ever: a stamp, and a body like a value", () => {
    const txn = { operation: "txn", body: utf8("body"), session: { id: 0x0102030405060708n, sequence: 5 } } as const;
    const bytes = encodeCommand(txn);
    expect(Buffer.from(bytes).toString("hex")).toBe(["01070000", "00000000", "04000000", "00000000", "0807060504030201", "0500000000000000", "0000000000000000", "626f6479"].join(""));
    for (const offset of [2, 4, 6, 8, 12, 32]) {
      const forged = encodeCommand(txn);
      forged[offset]! ^= 1;
      expect(codeOf(() => checkCommand(forged)), `byte ${offset}`).toBe("BAD_REQUEST");
    }
    expect(codeOf(() => encodeCommand({ ...txn, body: new Uint8Array(limits.valueBytesMax + 1) }))).toBe("TOO_LARGE");
    expect(addsData(bytes)).toBe(true);
  });

  test("that settles has these bytes, which stand in logs for ever: a stamp and nothing else (N5)", () => {
    const settle = { operation: "settle", session: { id: 0x0102030405060708n, sequence: 5 } } as const;
    const bytes = encodeCommand(settle);
    expect(Buffer.from(bytes).toString("hex")).toBe(["01060000", "0".repeat(24), "0807060504030201", "0500000000000000", "0000000000000000"].join(""));
    for (const offset of [2, 4, 6, 8, 12, 32]) {
      const forged = encodeCommand(settle);
      forged[offset] = 1;
      expect(codeOf(() => checkCommand(forged)), `byte ${offset}`).toBe("BAD_REQUEST");
    }
    const unstamped = encodeCommand(settle).fill(0, 16, 32);
    expect(codeOf(() => checkCommand(unstamped))).toBe("BAD_REQUEST");
    expect(codeOf(() => encodeCommand({ ...settle, session: { id: 1n, sequence: 0 } }))).toBe("INVALID_ARGUMENT");
    expect(addsData(bytes)).toBe(false);
  });

  test("of a lease has these bytes, which stand in logs for ever: its id where a range has its end, and a number", () => {
    const [id, stamp] = [0x0a0b0c0d01020304n, { id: 0x0102030405060708n, sequence: 5 }] as const;
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    const grant = encodeCommand({ operation: "leaseGrant", lease: id, ttlMs: 10_000, session: stamp });
    expect(hex(grant)).toBe(["01080000", "00000800", "00000000", "00000000", "0807060504030201", "0500000000000000", "1027000000000000", "040302010d0c0b0a"].join(""));
    const revoke = encodeCommand({ operation: "leaseRevoke", lease: id, session: stamp });
    expect(hex(revoke)).toBe(["01090000", "00000800", "00000000", "00000000", "0807060504030201", "0500000000000000", "0000000000000000", "040302010d0c0b0a"].join(""));
    const expired = encodeCommand({ operation: "leaseRevoke", lease: id, expiredGrant: 7 });
    expect(hex(expired)).toBe(["01090100", "00000800", "0".repeat(16), "0".repeat(32), "0700000000000000", "040302010d0c0b0a"].join(""));
    expect(hex(encodeCommand({ ...putA, lease: id }))).toBe(["01010000", "01000800", "01000000", "00000000", "0".repeat(48), "61", "040302010d0c0b0a", "31"].join(""));
    expect([grant, revoke, expired].map((bytes) => [isExpiry(bytes), addsData(bytes)])).toEqual([[false, true], [false, false], [true, false]]);
  });

  test("that closes a session has these bytes, which stand in logs for ever: its id where a range has its end, beside the stamp of whoever closes it (S112)", () => {
    const close = { operation: "sessionClose", target: 0x0a0b0c0d01020304n, session: { id: 0x0102030405060708n, sequence: 5 } } as const;
    const bytes = encodeCommand(close);
    expect(Buffer.from(bytes).toString("hex")).toBe(["010a0000", "00000800", "00000000", "00000000", "0807060504030201", "0500000000000000", "0000000000000000", "040302010d0c0b0a"].join(""));
    for (const offset of [2, 4, 6, 8, 12, 32]) {
      const forged = bytes.slice();
      forged[offset]! ^= 1;
      expect([offset, codeOf(() => checkCommand(forged))]).toEqual([offset, "BAD_REQUEST"]);
    }
    const [none, own] = [bytes.slice().fill(0, 40), bytes.slice()];
    own.copyWithin(40, 16, 24);
    expect([none, own, withTime(own, 7)].map(commandFault)).toEqual(["malformed", "malformed", "malformed"]);
    for (const target of [0n, 2n ** 64n, close.session.id]) expect([target, codeOf(() => encodeCommand({ ...close, target }))]).toEqual([target, "INVALID_ARGUMENT"]);
    expect([addsData(bytes), isExpiry(bytes), isSetting(bytes)]).toEqual([false, false, false]);
  });

  test.each([
    ["a lease 0", { operation: "leaseGrant", lease: 0n, ttlMs: 1 }], ["a lease of more than 64 bits", { operation: "leaseRevoke", lease: 2n ** 64n }],
    ["no time", { operation: "leaseGrant", lease: 1n, ttlMs: 0 }], ["a fraction", { operation: "leaseGrant", lease: 1n, ttlMs: 1.5 }],
    ["more than a year", { operation: "leaseGrant", lease: 1n, ttlMs: leaseTtlMsMax + 1 }], ["no grant", { operation: "leaseRevoke", lease: 1n, expiredGrant: 0 }],
    ["a put with lease 0", { ...putA, lease: 0n }],
  ] as const)("of a lease is refused with %s", (_, refused) => {
    expect(codeOf(() => encodeCommand(refused))).toBe("INVALID_ARGUMENT");
  });

  test("of a lease has nothing beside the lease, and only a put names one: a forged one is malformed", () => {
    const grant = encodeCommand({ operation: "leaseGrant", lease: 1n, ttlMs: 1 });
    const revoke = encodeCommand({ operation: "leaseRevoke", lease: 1n });
    const forged = (bytes: Uint8Array, offset: number, byte: number): Uint8Array => {
      const copy = bytes.slice();
      copy[offset] = byte;
      return copy;
    };
    const leased = encodeCommand({ ...putA, lease: 1n });
    for (const [name, bytes] of Object.entries({
      "a grant with flags": forged(grant, 2, 1), "a grant without time": forged(grant, 32, 0), "a grant of years": forged(grant, 37, 1), "a grant of no lease": forged(grant, 40, 0),
      "an id that is cut": forged(grant.subarray(0, 47), 6, 7), "a revoke of no lease": forged(revoke, 40, 0), "a revoke with a number": forged(revoke, 32, 1),
      "an expiry without a grant": forged(revoke, 2, 1), "a revoke with other flags": forged(revoke, 2, 2), "a put of no lease": forged(leased, 41, 0),
      "a put with a longer id": forged(encodeCommand({ ...putA, value: utf8("123456789"), lease: 1n }).subarray(0), 6, 9), "a delete with a lease": forged(forged(encodeCommand({ ...putA, value: utf8(""), lease: 1n }), 1, 2), 2, 0),
      "an append with a lease": forged(leased, 1, 4),
    })) expect([name, commandFault(bytes)]).toEqual([name, "malformed"]);
  });

  test("that appends has a name of 1 to 256 bytes and up to a value's limit of data, in encode and at the door", () => {
    const largest = encodeCommand({ ...appendA, key: new Uint8Array(streamNameBytesMax), value: new Uint8Array(limits.valueBytesMax) });
    expect(streamNameBytesMax).toBe(256);
    expect(commandFault(largest)).toBeUndefined();
    expect(commandFault(encodeCommand({ ...appendA, value: new Uint8Array(0) }))).toBeUndefined();
    expect(codeOf(() => encodeCommand({ ...appendA, key: new Uint8Array(streamNameBytesMax + 1) }))).toBe("TOO_LARGE");
    expect(codeOf(() => encodeCommand({ ...appendA, value: new Uint8Array(limits.valueBytesMax + 1) }))).toBe("TOO_LARGE");
    expect(codeOf(() => encodeCommand({ ...appendA, key: new Uint8Array(0) }))).toBe("INVALID_ARGUMENT");
    const longName = encodeCommand({ ...putA, key: new Uint8Array(streamNameBytesMax + 1) });
    longName[1] = 4;
    expect(codeOf(() => checkCommand(longName))).toBe("TOO_LARGE");
    const noName = encodeCommand({ operation: "deleteRange", start: new Uint8Array(0), end: new Uint8Array(0) });
    noName[1] = 4;
    expect(codeOf(() => checkCommand(noName))).toBe("BAD_REQUEST");
  });

  test("that appends has no condition and asks for nothing: a forged one is malformed", () => {
    for (const flags of [1, 2, 4, 6, 8, 255]) {
      const bytes = encodeCommand(appendA);
      bytes[2] = flags;
      expect([flags, commandFault(bytes)]).toEqual([flags, "malformed"]);
    }
    for (const extra of [{ wantPrevious: true }, { condition: { kind: "absent" } }, { condition: { kind: "value", value: utf8("1") } }] as const) {
      const bytes = encodeCommand({ ...putA, ...extra });
      bytes[1] = 4;
      expect(commandFault(bytes)).toBe("malformed");
    }
  });

  test("at the limits passes, and one byte above is TOO_LARGE, in encode and at the door", () => {
    const largest: Command = { ...putA, key: new Uint8Array(limits.keyBytesMax), value: new Uint8Array(limits.valueBytesMax) };
    const bytes = encodeCommand(largest);
    expect(commandFault(bytes)).toBeUndefined();
    expect(bytes.length).toBeLessThanOrEqual(limits.commandBytesMax);
    expect(codeOf(() => encodeCommand({ ...putA, key: new Uint8Array(limits.keyBytesMax + 1) }))).toBe("TOO_LARGE");
    expect(codeOf(() => encodeCommand({ ...putA, value: new Uint8Array(limits.valueBytesMax + 1) }))).toBe("TOO_LARGE");
    const both = { ...putA, value: new Uint8Array(limits.valueBytesMax), condition: { kind: "value", value: new Uint8Array(1) }  } as const;
    expect(codeOf(() => encodeCommand(both))).toBe("TOO_LARGE");
    const forged = new Uint8Array(bytes.length + 1);
    forged.set(bytes);
    new DataView(forged.buffer).setUint32(8, limits.valueBytesMax + 1, true);
    expect(codeOf(() => checkCommand(forged))).toBe("TOO_LARGE");
    const atLimit = encodeCommand({ ...putA, value: new Uint8Array(limits.valueBytesMax - 1), condition: { kind: "value", value: new Uint8Array(1) } });
    expect(commandFault(atLimit)).toBeUndefined();
    const forgedBoth = new Uint8Array(atLimit.length + 1);
    forgedBoth.set(atLimit);
    new DataView(forgedBoth.buffer).setUint32(12, 2, true);
    expect(codeOf(() => checkCommand(forgedBoth))).toBe("TOO_LARGE");
    const forgedKey = encodeCommand(putA);
    new DataView(forgedKey.buffer).setUint16(4, limits.keyBytesMax + 1, true);
    expect(codeOf(() => checkCommand(forgedKey))).toBe("TOO_LARGE");
  });

  test("of a version or an operation that is not known is refused and told apart from a malformed one", () => {
    for (const [offset, byte] of [[0, 0], [0, 3], [1, 0], [1, 11], [1, 255]] as const) {
      const bytes = encodeCommand(putA);
      bytes[offset] = byte;
      expect(commandFault(bytes)).toBe("unknown");
      expect(codeOf(() => checkCommand(bytes))).toBe("BAD_REQUEST");
    }
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(1, 1), new Uint8Array(40).fill(1)]) expect(commandFault(bytes)).toBe("malformed");
  });

  test("that makes no sense is refused before it is encoded", () => {
    const senseless: Command[] = [
      { ...putA, key: new Uint8Array(0) },
      { ...putA, condition: { kind: "version", version: -1 } },
      { ...putA, condition: { kind: "version", version: 1.5 } },
      { ...appendA, session: { id: 1n, sequence: 0 } },
      { ...putA, session: { id: 0n, sequence: 1 } },
      { ...putA, session: { id: 2n ** 64n, sequence: 1 } },
      { ...putA, session: { id: 1n, sequence: 0 } },
      { ...putA, session: { id: 1n, sequence: 2 ** 53 } },
    ];
    for (const one of senseless) expect(codeOf(() => encodeCommand(one))).toBe("INVALID_ARGUMENT");
  });
});

describe("a result", () => {
  const appended = fc.record({
    status: fc.constant("ok" as const), version: fc.constant(0), index: count, deleted: fc.constant(0), previous: fc.constant(undefined),
    previousDropped: fc.constant(false), offset: count,
  });
  const written = fc.record({
    status: fc.constantFrom("ok" as const, "conflict" as const, "sessionExpired" as const, "tooMany" as const, "invalid" as const),
    version: count, index: count, deleted: fc.nat(0xffff_ffff), previousDropped: fc.boolean(),
    previous: fc.option(fc.record({ value, version: count, createIndex: count, modIndex: count }), { nil: undefined }),
  });
  const result: fc.Arbitrary<CommandResult> = fc.oneof(written, appended);

  test("comes back from its bytes as it was (property)", () => {
    fc.assert(fc.property(result, (original) => {
      expect(decodeResult(encodeResult(original))).toEqual({ ...original });
    }));
  });

  test("of any other bytes is BAD_REQUEST, never an uncaught error (property)", () => {
    fc.assert(fc.property(result, fc.nat(60), fc.nat(255), fc.integer({ min: -30, max: 3 }), (original, offset, byte, growth) => {
      const encoded = encodeResult(original);
      encoded[offset % encoded.length] = byte;
      const bytes = new Uint8Array(Math.max(0, encoded.length + growth));
      bytes.set(encoded.subarray(0, bytes.length));
      expect([undefined, "BAD_REQUEST"]).toContain(codeOf(() => decodeResult(bytes)));
    }), { numRuns: 2000 });
  });

  test("of an append carries the offset in the place of a version, told apart by its flag", () => {
    const none = { version: 0, deleted: 0, previous: undefined, previousDropped: false };
    const bytes = encodeResult({ ...none, status: "ok", index: 9, offset: 2 ** 33 });
    expect(Buffer.from(bytes).toString("hex")).toBe(["01010400", "00000000", "0000000002000000", "0900000000000000"].join(""));
    expect(decodeResult(bytes)).toEqual({ ...none, status: "ok", index: 9, offset: 2 ** 33 });
    expect(decodeResult(encodeResult({ ...none, status: "ok", index: 9, offset: 0 })).offset).toBe(0);
    expect(decodeResult(encodeResult({ ...none, status: "ok", index: 9, version: 7 }))).toMatchObject({ version: 7, offset: undefined });
    for (const flags of [5, 6, 7, 9, 12, 16]) {
      const forged = new Uint8Array(48);
      forged.set(bytes);
      forged[2] = flags;
      expect([flags, codeOf(() => decodeResult(forged))]).toEqual([flags, "BAD_REQUEST"]);
    }
  });

  test("of a transaction carries what its steps came to, told apart by its flag, and without them says that there were some", () => {
    const whole: CommandResult = { version: 1, deleted: 3, previous: undefined, previousDropped: false, status: "ok", index: 9, steps: utf8("steps") };
    const bytes = encodeResult(whole);
    expect(Buffer.from(bytes).toString("hex")).toBe(["01010800", "03000000", "0100000000000000", "0900000000000000", "7374657073"].join(""));
    expect(decodeResult(bytes)).toEqual(whole);
    expect(decodeResult(encodeResult({ ...whole, steps: new Uint8Array(0) })).steps).toEqual(new Uint8Array(0));
    expect(decodeResult(withoutTail(bytes))).toEqual({ ...whole, steps: undefined, previousDropped: true });
  });

  test("without its previous record says that there was one, and keeps the rest", () => {
    const previous = { value: utf8("old"), version: 3, createIndex: 1, modIndex: 7 };
    const whole: CommandResult = { status: "ok", version: 4, index: 9, deleted: 0, previous, previousDropped: false };
    expect(decodeResult(withoutTail(encodeResult(whole)))).toEqual({ ...whole, previous: undefined, previousDropped: true });
  });
});
