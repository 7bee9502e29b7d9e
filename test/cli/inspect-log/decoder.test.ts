import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { loadDecoder } from "../../../src/cli/inspect-log/decoder.ts";
import { askedFor, inspectLog } from "../../../src/cli/inspect-log/inspection.ts";
import { logEntry, MadeUpLog } from "./logs.ts";

const directory = mkdtempSync(join(tmpdir(), "raftctl-decoder-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function module(name: string, source: string): string {
  const path = join(directory, `${name}.mjs`);
  writeFileSync(path, source);
  return path;
}

const entry = logEntry(1, { type: "command", payload: utf8("hello") });

test("a decoder is given the type and the bytes, and what it returns stands beside the entry", async () => {
  const path = module("plain", "export default (type, bytes) => ({ type, text: new TextDecoder().decode(bytes) });");
  const log = new MadeUpLog([entry]);
  const { entries } = await inspectLog(log, await askedFor(undefined, { decoder: path }), true, () => undefined);
  expect(entries).toMatchObject([{ index: "1", decoded: { type: "command", text: "hello" } }]);
  expect(log.asked[0]!.content).toBe("payload");
});

test("what a decoder throws, and what JSON cannot hold, is said at the entry and ends nothing", async () => {
  const outcomes = [];
  for (const [name, body] of Object.entries({
    throws: "(type, bytes) => { throw new Error('no such version\\nat line 2'); }", cycle: "() => { const a = {}; a.a = a; return a; }", big: "() => 1n", nothing: "() => undefined",
    later: "async () => ({ late: true })", rejects: "async () => { throw 'plain text'; }", greedy: "(type, bytes) => { bytes.fill(0); return 1; }",
  })) {
    outcomes.push([name, await (await loadDecoder(module(name, `export default ${body};`)))(entry)]);
  }
  expect(Object.fromEntries(outcomes)).toEqual({
    throws: { error: "no such version" }, cycle: { error: expect.stringContaining("circular") }, big: { error: expect.stringContaining("BigInt") }, nothing: { value: null },
    later: { value: { late: true } }, rejects: { error: "plain text" }, greedy: { value: 1 },
  });
  expect(entry.payload).toEqual(utf8("hello"));
});

test("a decoder that is not there, does not load, or is no function is refused in one line", async () => {
  await expect(loadDecoder(join(directory, "absent.mjs"))).rejects.toMatchObject({ code: "NOT_FOUND", exit: 4 });
  await expect(loadDecoder(module("broken", "export default ((("))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", exit: 2, message: expect.stringMatching(/^cannot load --decoder [^\n]+$/) });
  await expect(loadDecoder(module("constant", "export default 5;"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("no function") });
});
