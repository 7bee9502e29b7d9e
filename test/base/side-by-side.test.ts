import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { sideBySide, type Keyed } from "../../src/base/side-by-side.ts";

async function* rows(keys: string, closed: string[] = []): AsyncGenerator<Keyed & { readonly text: string }> {
  try {
    for (const text of keys) yield { key: utf8(text), text };
  } finally {
    closed.push(keys);
  }
}

test.each([
  ["ace", "abde", ["aa", ".b", "c.", ".d", "ee"]],
  ["", "ab", [".a", ".b"]],
  ["ab", "", ["a.", "b."]],
  ["", "", []],
  ["ab", "cd", ["a.", "b.", ".c", ".d"]],
])("%j beside %j: each key once, in order, with what either has", async (left, right, expected) => {
  const seen: string[] = [];
  for await (const [one, other] of sideBySide(rows(left), rows(right))) seen.push(`${one?.text ?? "."}${other?.text ?? "."}`);
  expect(seen).toEqual(expected);
});

test("a reader that stops early closes both sides, and what one side throws reaches it", async () => {
  const closed: string[] = [];
  for await (const pair of sideBySide(rows("abc", closed), rows("bc", closed))) {
    expect(pair[1]).toBeUndefined();
    break;
  }
  expect(closed).toEqual(["abc", "bc"]);
  const broken = (async function* (): AsyncGenerator<Keyed> {
    yield { key: utf8("a") };
    throw new Error("torn");
  })();
  const read = async (): Promise<void> => {
    for await (const [left] of sideBySide(broken, rows("b", closed))) expect(left?.key).toEqual(utf8("a"));
  };
  await expect(read()).rejects.toThrow("torn");
  expect(closed).toEqual(["abc", "bc", "b"]);
});
