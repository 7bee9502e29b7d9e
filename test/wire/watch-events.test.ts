import fc from "fast-check";
import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { decodeWatchEvents, encodeWatchEvents, watchEventBytesMax, type WatchEvent } from "../../src/wire/watch-events.ts";

const events = fc.array(fc.oneof(
  fc.record({ index: fc.maxSafeNat(), kind: fc.constant("put" as const), key: fc.uint8Array(), value: fc.uint8Array(), version: fc.maxSafeNat(), createIndex: fc.maxSafeNat() }),
  fc.record({ index: fc.maxSafeNat(), kind: fc.constant("delete" as const), key: fc.uint8Array(), value: fc.constant(new Uint8Array(0)), version: fc.constant(0), createIndex: fc.constant(0) }),
)).map((list): WatchEvent[] => list.toSorted((left, right) => left.index - right.index));

test("events are read back as they were, in no more bytes than were counted for them", () => {
  fc.assert(fc.property(events, (list) => {
    const bytes = encodeWatchEvents(list);
    const read = decodeWatchEvents(bytes).map((event) => ({ ...event, key: Uint8Array.from(event.key), value: Uint8Array.from(event.value) }));
    expect(read).toEqual(list.map((event) => ({ ...event, key: Uint8Array.from(event.key), value: Uint8Array.from(event.value) })));
    const indexes = new Set(list.map(({ index }) => index)).size;
    expect(bytes.length).toBeLessThanOrEqual(list.reduce((sum, { kind, key, value }) => sum + watchEventBytesMax(kind, key, value), 9 * indexes));
  }));
});

test("any bytes at all are events or BAD_FRAME (T25)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    try {
      decodeWatchEvents(bytes);
    } catch (error) {
      expect(error).toMatchObject({ code: "BAD_FRAME" });
      expect(error).toBeInstanceOf(RaftctlError);
    }
  }));
});
