// What every Store promises, run over each of them. `open` gives an empty store.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import fc from "fast-check";
import { compareBytes, utf8 } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { imagesMax, type KeyRange, type KeyValue, type Store, storeKeyBytesMax } from "../../src/machine/store.ts";
import { asyncOf, contentOf, hex, pair, text } from "./bytes-of.ts";

export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name} as a store`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(async () => store.close());

    const put = (...pairs: KeyValue[]) => store.transaction((transaction) => pairs.forEach(({ key, value }) => transaction.put(key, value)));
    const keys = (range: KeyRange) => Array.from(store.range(range), ({ key }) => text(key));

    test("gives back what was put, and undefined for what was not", () => {
      put(pair("a", "1"), pair("b", ""));
      expect(text(store.get(utf8("a")))).toBe("1");
      expect(store.get(utf8("b"))).toHaveLength(0);
      expect(store.get(utf8("c"))).toBeUndefined();
    });

    test("gives plain bytes that are the caller's: changing them changes nothing in the store", () => {
      put(pair("a", "12345"));
      const got = store.get(utf8("a"))!;
      const ranged = [...store.range({})][0]!;
      for (const bytes of [got, ranged.key, ranged.value]) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
        bytes.fill(0);
      }
      put(pair("b", "67890"));
      expect(got).toEqual(new Uint8Array(5));
      expect(contentOf(store)).toEqual([["61", hex(utf8("12345"))], ["62", hex(utf8("67890"))]]);
    });

    test("copies what it is given: the caller may use its memory again at once", () => {
      const key = Buffer.from("a");
      const value = Buffer.from("before");
      store.transaction((transaction) => {
        transaction.put(key, value);
        value.fill("x");
        key.fill("z");
      });
      expect(text(store.get(utf8("a")))).toBe("before");
    });

    test("a transaction sees its own writes, in get and in range", () => {
      put(pair("a", "1"), pair("b", "2"));
      store.transaction((transaction) => {
        transaction.put(utf8("c"), utf8("3"));
        transaction.delete(utf8("a"));
        transaction.delete(utf8("absent"));
        expect(transaction.get(utf8("a"))).toBeUndefined();
        expect(text(transaction.get(utf8("c")))).toBe("3");
        expect(Array.from(transaction.range({}), ({ key }) => text(key))).toEqual(["b", "c"]);
      });
      expect(keys({})).toEqual(["b", "c"]);
    });

    test("a transaction returns what its function returns, and leaves nothing behind when it throws", () => {
      put(pair("a", "1"));
      store.save();
      expect(store.transaction(() => 42)).toBe(42);
      store.save();
      expect(() => store.transaction((transaction) => {
        transaction.put(utf8("a"), utf8("2"));
        transaction.put(utf8("b"), utf8("2"));
        throw new Error("no");
      })).toThrow("no");
      expect(contentOf(store)).toEqual([["61", "31"]]);
      put(pair("c", "3"));
      expect(keys({})).toEqual(["a", "c"]);
    });

    test("a range includes its start, excludes its end, obeys its limit and runs both ways", () => {
      put(...["a", "ab", "b", "c", "d"].map((key) => pair(key, key)));
      expect(keys({ start: utf8("ab"), end: utf8("c") })).toEqual(["ab", "b"]);
      expect(keys({ start: utf8("aa"), end: utf8("bb") })).toEqual(["ab", "b"]);
      expect(keys({ limit: 2 })).toEqual(["a", "ab"]);
      expect(keys({ limit: 0 })).toEqual([]);
      expect(keys({ start: utf8("c") })).toEqual(["c", "d"]);
      expect(keys({ end: utf8("b") })).toEqual(["a", "ab"]);
      expect(keys({ start: utf8("x") })).toEqual([]);
      expect(keys({ start: utf8("c"), end: utf8("b") })).toEqual([]);
      expect(keys({ reverse: true })).toEqual(["d", "c", "b", "ab", "a"]);
      expect(keys({ reverse: true, start: utf8("ab"), end: utf8("c") })).toEqual(["b", "ab"]);
      expect(keys({ reverse: true, start: utf8("aa"), end: utf8("bb"), limit: 1 })).toEqual(["b"]);
      expect(keys({ reverse: true, end: utf8("zz"), limit: 1 })).toEqual(["d"]);
    });

    test("orders keys by unsigned byte, a prefix before what it begins, whatever the bytes are", () => {
      const odd = [[0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0], [255, 255]].map((bytes) => Uint8Array.from(bytes));
      put(...odd.toReversed().map((key) => ({ key, value: key })));
      expect(Array.from(store.range({}), ({ key }) => hex(key))).toEqual(odd.map(hex));
      expect(Array.from(store.range({ reverse: true }), ({ key }) => hex(key))).toEqual(odd.toReversed().map(hex));
    });

    test("keeps large values and keys at the limit", () => {
      const key = new Uint8Array(storeKeyBytesMax).fill(7);
      const value = new Uint8Array(1_100_000).map((_, index) => index * 31);
      store.transaction((transaction) => {
        transaction.put(key, value);
        expect(Buffer.compare(transaction.get(key)!, value)).toBe(0);
      });
      expect(Buffer.compare(store.get(key)!, value)).toBe(0);
      expect(Buffer.compare([...store.range({})][0]!.value, value)).toBe(0);
    });

    test("refuses a key that is empty or over the limit, and nothing of its transaction stays", () => {
      for (const key of [new Uint8Array(0), new Uint8Array(storeKeyBytesMax + 1)]) {
        expect(() => put(pair("a", "1"), { key, value: key })).toThrow("a store key has");
      }
      expect(contentOf(store)).toEqual([]);
    });

    test("agrees with a sorted list for any writes and any range (property)", () => {
      const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 });
      const write = fc.record({ key, value: fc.uint8Array({ maxLength: 4 }), isDelete: fc.boolean() });
      const query = fc.record({ start: key, end: key, reverse: fc.boolean(), limit: fc.nat(5) }, { requiredKeys: [] });
      fc.assert(fc.property(fc.array(write, { maxLength: 40 }), fc.array(query, { maxLength: 5 }), (writes, queries) => {
        clear();
        const model = new Map<string, KeyValue>();
        store.transaction((transaction) => {
          for (const { key: at, value, isDelete } of writes) {
            if (isDelete) transaction.delete(at);
            else transaction.put(at, value);
            if (isDelete) model.delete(hex(at));
            else model.set(hex(at), { key: at, value });
          }
        });
        for (const range of [{}, ...queries]) expect(contentOf({ range: () => store.range(range) })).toEqual(expected(model, range));
      }), { numRuns: 150 });
    });

    function clear(): void {
      const all = Array.from(store.range({}), ({ key }) => key);
      store.transaction((transaction) => all.forEach((key) => transaction.delete(key)));
    }

    test("an image keeps its moment, across turns, while writes go on (H35)", async () => {
      const rows = Array.from({ length: 2000 }, (_, index) => pair(`k${String(index).padStart(5, "0")}`, "old"));
      put(...rows);
      const image = store.image();
      let seen = 0;
      for (const { key, value } of image.range({})) {
        expect(text(value)).toBe("old");
        seen += 1;
        if (seen % 200 !== 0) continue;
        put({ key, value: utf8("new") }, ...rows.map((row) => ({ key: row.key, value: utf8(`new${seen}`) })), pair(`later${seen}`, "x"));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seen).toBe(2000);
      expect(text(image.get(utf8("k00000")))).toBe("old");
      expect(image.get(utf8("later200"))).toBeUndefined();
      expect(text(store.get(utf8("k00000")))).toBe("new2000");
      image.close();
      image.close();
    });

    test("an image is of the moment at which it is taken, also right behind a read, another image and a write of the same turn (H35)", () => {
      for (let round = 0; round < 20; round += 1) {
        store.get(utf8("k"));
        const before = round % 2 === 0 ? store.image() : undefined;
        const seen = text(before?.get(utf8("k")));
        store.transaction((transaction) => transaction.put(utf8("k"), utf8(`${round}`)));
        if (round % 3 === 0) store.get(utf8("k"));
        const image = store.image();
        expect(text(image.get(utf8("k")))).toBe(`${round}`);
        expect(text(before?.get(utf8("k")))).toBe(seen);
        image.close();
        before?.close();
      }
    });

    test("a scan of an image gives all of it in order, each value right in its turn, while writes go on (H35)", async () => {
      const names = Array.from({ length: 50 }, (_, index) => `k${String(index).padStart(3, "0")}`);
      put(...names.map((key, index) => pair(key, key.repeat(1 + 997 * (index % 7)))));
      const image = store.image();
      const found: string[] = [];
      for (const { key, value } of image.scan()) {
        found.push(`${text(key)}=${text(value)}`);
        put(pair(`${text(key)}x`, "y".repeat(9_000)), pair(text(key)!, "changed"));
        expect(text(store.get(key))).toBe("changed");
        await new Promise(setImmediate);
      }
      image.close();
      expect(found).toEqual(names.map((key, index) => `${key}=${key.repeat(1 + 997 * (index % 7))}`));
      expect(() => [...image.scan()]).toThrow("after it was closed");
    });

    test("an image is not used after it was closed; an iteration under way ends with an error and not as if it were complete", () => {
      put(pair("a", "1"), pair("b", "2"), pair("c", "3"));
      const image = store.image();
      const iteration = image.range({})[Symbol.iterator]();
      iteration.next();
      image.close();
      expect(() => iteration.next()).toThrow(expect.objectContaining({ code: "STOPPED" }) as Error);
      expect(() => image.get(utf8("a"))).toThrow("after it was closed");
      expect(() => [...image.range({})]).toThrow("after it was closed");
    });

    test("images are bounded: one too many is BUSY, and closing one makes room", () => {
      const images = Array.from({ length: imagesMax }, () => store.image());
      expect(() => store.image()).toThrow(expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "BUSY"));
      images[3]!.close();
      images[3] = store.image();
      for (const image of images) image.close();
    });

    test("replace swaps the whole content; an image of the old content stays readable", async () => {
      put(pair("a", "1"), pair("b", "2"));
      const image = store.image();
      await store.replace(asyncOf([pair("b", "3"), pair("c", "4")]));
      expect(contentOf(store)).toEqual([["62", "33"], ["63", "34"]]);
      expect(Array.from(image.range({}), ({ value }) => text(value))).toEqual(["1", "2"]);
      expect(text(image.get(utf8("a")))).toBe("1");
      image.close();
      put(pair("d", "5"));
      expect(keys({})).toEqual(["b", "c", "d"]);
      await store.replace(asyncOf([]));
      expect(keys({})).toEqual([]);
    });

    test("a replace whose pairs fail leaves the old content as it was", async () => {
      put(pair("a", "1"));
      async function* failing(): AsyncGenerator<KeyValue> {
        yield pair("b", "2");
        throw new Error("the stream broke");
      }
      await expect(store.replace(failing())).rejects.toThrow("the stream broke");
      expect(contentOf(store)).toEqual([["61", "31"]]);
      put(pair("c", "3"));
      expect(keys({})).toEqual(["a", "c"]);
    });

    test("refuses to be used after it was closed, and may be closed twice", async () => {
      await store.flush();
      await store.close();
      await store.close();
      expect(() => store.get(utf8("a"))).toThrow("after it was closed");
      expect(() => store.transaction(() => undefined)).toThrow("after it was closed");
    });
  });
}

function expected(model: Map<string, KeyValue>, { start, end, reverse, limit }: KeyRange): [string, string][] {
  const all = [...model.values()].toSorted((left, right) => compareBytes(left.key, right.key));
  const within = all.filter(({ key }) => (start === undefined || compareBytes(key, start) >= 0) && (end === undefined || compareBytes(key, end) < 0));
  const ordered = reverse === true ? within.toReversed() : within;
  return ordered.slice(0, limit ?? Infinity).map(({ key, value }) => [hex(key), hex(value)]);
}
