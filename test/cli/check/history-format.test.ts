// Recorded histories: what is written is read back as it was, and what is no history is refused with line and value, whatever it is.

import { expect, test } from "vitest";
import fc from "fast-check";
import { RaftctlError } from "../../../src/base/errors.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { lines } from "../../../src/cli/check/history-file.ts";
import { historyLimits, historyLines, HistoryReader } from "../../../src/cli/check/history-format.ts";
import { History } from "../../../src/cli/check/history.ts";
import type { Completed, Condition, Operation, Output } from "../../../src/cli/check/history.ts";

function read(text: readonly string[]): Completed[] {
  const reader = new HistoryReader();
  for (const line of text) reader.line(line);
  return reader.operations();
}

function refusal(...text: string[]): string {
  try {
    read(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RaftctlError);
    expect((thrown as RaftctlError).exit).toBe(2);
    return (thrown as RaftctlError).message;
  }
  return "accepted";
}

const invoke = '{"process":"c0","type":"invoke","operation":"put","key":"k","value":"v","time":1}';

test("the example of the documentation: calls, answers, a failure, a doubt, and a call that nothing follows", () => {
  const operations = read([
    '{"process":"c0","type":"invoke","operation":"put","key":"k","time":0.5,"value":"a"}',
    '{"process":"c1","type":"invoke","operation":"cas","key":"k","time":1,"value":"b","ifVersion":1}',
    '{"process":"c0","type":"ok","operation":"put","key":"k","time":2,"version":1,"index":7}',
    '{"process":"c1","type":"info","time":3,"error":"UNKNOWN_OUTCOME"}', "",
    '{"process":"c1","type":"invoke","operation":"delete","key":"k","time":3}',
    '{"process":"c1","type":"fail","time":3,"error":"NO_LEADER"}',
    '{"process":"c0","type":"invoke","operation":"get","key":"k","time":4}',
  ]);
  expect(operations).toEqual([
    { process: "c0", key: "k", operation: { kind: "put", value: "a" }, outcome: "ok", output: { version: 1, index: 7 }, called: 0, returned: 2, startedMs: 0.5, endedMs: 2 },
    { process: "c1", key: "k", operation: { kind: "putIf", value: "b", condition: { version: 1 } }, outcome: "unknown", output: undefined, called: 1, returned: undefined,
      startedMs: 1, endedMs: 3, error: "UNKNOWN_OUTCOME" },
    { process: "c1", key: "k", operation: { kind: "delete" }, outcome: "failed", output: undefined, called: 4, returned: 5, startedMs: 3, endedMs: 3, error: "NO_LEADER" },
    { process: "c0", key: "k", operation: { kind: "get" }, outcome: "unknown", output: undefined, called: 6, returned: undefined, startedMs: 4, endedMs: Number.POSITIVE_INFINITY },
  ]);
});

const text = fc.string({ unit: "binary", maxLength: 8 });
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
const count = fc.nat({ max: 1000 });
const condition: fc.Arbitrary<Condition> = fc.oneof(fc.constant({ absent: true as const }), fc.record({ value: text }), fc.record({ version: count }));
type Asked = Exclude<Operation, { kind: "expire" }>;
const operation: fc.Arbitrary<Asked> = fc.oneof(
  fc.constantFrom<Asked>({ kind: "get" }, { kind: "delete" }, { kind: "revoke" }),
  fc.record({ kind: fc.constant("put" as const), value: text }), fc.record({ kind: fc.constant("putIf" as const), value: text, condition }),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const answer = fc.record({ value: maybe(text), version: maybe(count), index: maybe(count), applied: fc.boolean(), found: maybe(fc.boolean()), ended: maybe(fc.boolean()), torn: maybe(text) });
const step = fc.record({ process: fc.nat({ max: 3 }), key: name, operation, answer, end: fc.constantFrom("ok", "failed", "unknown", "none" as const), pause: fc.constantFrom(0, 0, 0.25, 3), error: maybe(text),
  manner: fc.record({ txn: fc.constantFrom(undefined, true as const), lease: maybe(name) }), expiresAfterMs: maybe(fc.constantFrom(0, 2, 5)) });

test("what is written is read back as it was, also where the clock stands still (round trip)", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let nowMs = 0;
    const history = new History(() => nowMs);
    const open = new Map<number, () => void>();
    for (const { process, key, operation: asked, answer: told, end, pause, error, manner, expiresAfterMs } of steps) {
      open.get(process)?.();
      nowMs += pause;
      if (expiresAfterMs !== undefined) history.expireFrom(key, "1", nowMs + expiresAfterMs);
      const call = history.begin(`p${process}`, key, asked, manner);
      open.set(process, () => {
        nowMs += pause;
        if (end === "ok") call.ok(fitting(asked, told));
        else if (end === "failed") call.failed(error);
        else call.unknown(error);
        open.delete(process);
      });
      if (end !== "none") open.get(process)!();
    }
    const written = history.operations();
    const back = read([...historyLines(written)]);
    expect(comparable(back)).toEqual(comparable(written));
  }), { numRuns: 300 });
});

/** What an answer to this operation may tell. */
function fitting({ kind }: Asked, { value, version, index, applied, found, ended, torn }: Output): Output {
  switch (kind) {
    case "get":
      return { value, version, index, torn };
    case "put":
      return { ended, version, index, torn };
    case "putIf":
      return { applied, ended, version, index, torn };
    case "delete":
      return { found, index, torn };
    case "revoke":
      return { found, index };
  }
}

/** Without the numbers of the events, but in their order, and without fields that are undefined. */
function comparable(operations: readonly Completed[]): unknown {
  const events = operations.flatMap(({ called, returned }) => (returned === undefined ? [called] : [called, returned])).sort((left, right) => left - right);
  const place = new Map(events.map((number, index) => [number, index]));
  return JSON.parse(JSON.stringify(operations.toSorted((left, right) => left.called - right.called).map((item) => ({
    ...item, called: place.get(item.called), returned: item.returned === undefined ? undefined : place.get(item.returned), endedMs: Number.isFinite(item.endedMs) ? item.endedMs : "open",
  }))));
}

test.each([
  ["nonsense", "not JSON: \"nonsense\""],
  ["[]", "not an object"],
  ["null", "not an object"],
  ['{"process":"c0"}', '"type" is missing: want one of invoke, ok, fail, info'],
  ['{"process":7,"type":"invoke"}', '"process" is 7: want a string'],
  ['{"process":"","type":"invoke"}', '"process" is "": want 1 to 1024 characters'],
  ['{"process":"c0","type":"begin","time":1}', '"type" is "begin": want one of'],
  ['{"process":"c0","type":"invoke","time":-1}', '"time" is -1'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"append","value":"v"}', '"operation" is "append": want one of put, get, delete, cas, revoke, expire'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"put"}', '"value" is missing'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"put","value":null}', '"value" is null: want a string'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"get","value":"v"}', 'a field that this kind of line does not have: "value"'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"get","__proto__":{}}', 'a field that this kind of line does not have: "__proto__"'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"cas","value":"v"}', "this has none"],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"cas","value":"v","ifAbsent":true,"ifVersion":2}', "this has ifAbsent, ifVersion"],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"cas","value":"v","ifVersion":1.5}', '"ifVersion" is 1.5'],
  ['{"process":"c0","type":"ok","time":1}', '"ok" of process "c0", which has called nothing'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"get","txn":false}', '"txn" is true or is not there'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"get","lease":""}', '"lease" is ""'],
  ['{"process":"c0","type":"invoke","time":1,"key":"k","operation":"revoke","value":"v"}', 'a field that this kind of line does not have: "value"'],
])("%s is refused as the first line", (line, message) => {
  expect(refusal(line)).toContain("history line 1: ");
  expect(refusal(line)).toContain(message);
});

test.each([
  [invoke, "calls again before its put has ended"],
  ['{"process":"c0","type":"ok","time":0.5}', '"time" 0.5 is before that of an earlier line, 1'],
  ['{"process":"c0","type":"ok","time":2,"key":"other"}', '"key" is "other": want what was called, "k"'],
  ['{"process":"c0","type":"ok","time":2,"operation":"get","value":null}', '"operation" is "get": want what was called'],
  ['{"process":"c0","type":"ok","time":2,"found":true}', 'does not have: "found"'],
  ['{"process":"c0","type":"ok","time":2,"error":"x"}', 'does not have: "error"'],
  ['{"process":"c0","type":"fail","time":2,"version":1}', 'does not have: "version"'],
  ['{"process":"c0","type":"ok","time":2,"version":"1"}', '"version" is "1": want a number'],
])("%s is refused behind a put", (line, message) => {
  expect(refusal(invoke, line)).toContain("history line 2: ");
  expect(refusal(invoke, line)).toContain(message);
});

test("an error message cannot carry control characters of a hostile file to the terminal (T24)", () => {
  expect(refusal('{"process":"\\u001b[2J","type":"ok","time":1,"\\u0007":1}')).not.toMatch(/[\u0000-\u001f]/);
  expect(refusal("\u001b[2J")).not.toMatch(/[\u0000-\u001f]/);
});

test("no line crashes the reader: every one is accepted or refused with its number", () => {
  const field = fc.oneof(fc.constantFrom("process", "type", "operation", "key", "time", "value", "ifAbsent", "ifValue", "ifVersion", "applied", "version", "found", "index", "error"), fc.string());
  const value = fc.oneof(fc.constantFrom<unknown>("c0", "invoke", "ok", "fail", "info", "put", "get", "cas", "delete", 1, 2, true, null), fc.jsonValue());
  const line = fc.oneof(fc.string(), fc.json(), fc.dictionary(field, value).map((fields) => JSON.stringify(fields)), fc.dictionary(field, value).map((fields) => JSON.stringify({ ...JSON.parse(invoke) as object, ...fields })));
  fc.assert(fc.property(fc.array(line, { maxLength: 6 }), (given) => {
    const message = refusal(...given);
    if (message !== "accepted") expect(message).toMatch(/^history line \d+: /);
  }), { numRuns: 2000 });
});

async function split(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* source(): AsyncGenerator<Uint8Array> { yield* chunks; }
  return all(lines(source()));
}

async function all(source: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of source) found.push(line);
  return found;
}

test("lines are the same however the bytes are cut, with and without a line feed at the end", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" }).map((item) => item.replaceAll("\n", "")), { minLength: 1 }), fc.integer({ min: 1, max: 7 }), async (wanted, size) => {
    const bytes = utf8(`${wanted.join("\n")}\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, place) => bytes.subarray(place * size, (place + 1) * size));
    expect(await split(chunks)).toEqual(wanted);
    if (wanted.at(-1) !== "") expect(await split([utf8(wanted.join("\n"))])).toEqual(wanted);
  }), { numRuns: 100 });
});

test("a line that does not end is refused when it passes the bound, not when memory does; so are too many lines, and bytes that are no text", async () => {
  const piece = new Uint8Array(1024).fill(97);
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;; given += 1) yield piece;
  }
  await expect(all(lines(endless()))).rejects.toThrow(`history line 1: longer than ${historyLimits.lineBytesMax} bytes`);
  expect(given).toBeLessThanOrEqual(historyLimits.lineBytesMax / 1024);
  await expect(split([utf8(`a\n${"b".repeat(historyLimits.lineBytesMax + 1)}\n`)])).rejects.toThrow("history line 2: longer than");
  await expect(split([Uint8Array.of(97, 10, 255, 10)])).rejects.toThrow("history line 2: not UTF-8");
  const reader = new HistoryReader();
  for (let line = 0; line < historyLimits.linesMax; line += 1) reader.line("");
  expect(() => reader.line("")).toThrow(`a history has at most ${historyLimits.linesMax} lines`);
});
