import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { hasSwitch, normalizeArguments, switchNames, valueNames } from "../../src/cli/argv.ts";
import { asFailure, deliberateExit, failureEnvelope } from "../../src/cli/failure.ts";
import { globalFlags, parseCount } from "../../src/cli/flags.ts";
import { decodeValue } from "../../src/cli/input.ts";
import { singleValue } from "../../src/cli/kv-text.ts";
import { roughDuration, roughSize } from "../../src/cli/measure.ts";
import { readTarget } from "../../src/cli/read-query.ts";
import { renderTable } from "../../src/cli/table.ts";
import { checkEndpoint } from "../../src/cli/endpoint.ts";
import { resolveTarget } from "../../src/cli/target.ts";
import { visible, visibleText } from "../../src/cli/terminal.ts";
import { bytesDocument, schemaName } from "../../src/cli/envelope.ts";
import { prefixEnd } from "../../src/client/key-range.ts";
import { compareBytes, utf8 } from "../../src/base/bytes.ts";

test("global flags before the command are moved behind it, and before a --", () => {
  expect(normalizeArguments(["--json", "-e", "h:1", "put", "k", "v"])).toEqual(["put", "k", "v", "--json", "-e", "h:1"]);
  expect(normalizeArguments(["--timeout=5s", "lab", "run", "--", "put", "--json"])).toEqual(["lab", "run", "--timeout=5s", "--", "put", "--json"]);
  expect(normalizeArguments(["-eh:1", "status"])).toEqual(["status", "-eh:1"]);
});

test("arguments without leading global flags stay as they are", () => {
  const words = fc.array(fc.constantFrom("put", "k", "--json", "-e", "--", "-5", "--file"), { maxLength: 6 });
  fc.assert(fc.property(words, (rest) => {
    expect(normalizeArguments(["put", ...rest])).toEqual(["put", ...rest]);
  }));
});

test("only global flags and no command ask for help; a lone value flag is left to be refused", () => {
  expect(normalizeArguments(["--json"])).toEqual([]);
  expect(normalizeArguments(["--socket"])).toEqual(["--socket"]);
});

test("help is the flag of what stands behind it, or of everything", () => {
  expect(normalizeArguments(["help", "put"])).toEqual(["put", "--help"]);
  expect(normalizeArguments(["help"])).toEqual(["--help"]);
  expect(normalizeArguments(["put", "help", "help"])).toEqual(["put", "help", "help"]);
});

test("the list of flags that may stand in front is the list of global flags", () => {
  const names = (type: string): string[] =>
    Object.entries(globalFlags).filter(([, flag]) => flag.type === type).flatMap(([name, flag]) => [`--${name}`, ...("char" in flag && flag.char !== undefined ? [`-${flag.char}`] : [])]);
  expect([...switchNames].toSorted()).toEqual(["--json", ...names("boolean")].toSorted());
  expect([...valueNames].toSorted()).toEqual(names("option").toSorted());
});

test("--json behind -- belongs to somebody else", () => {
  expect(hasSwitch(["lab", "run", "--", "x", "--json"], "--json")).toBe(false);
  expect(hasSwitch(["lab", "--json", "--", "x"], "--json")).toBe(true);
});

test("an error that a flag's parser threw keeps its code and loses the framework's words", () => {
  const thrown = new RaftctlError("INVALID_ARGUMENT", "not a duration: \"5\"");
  thrown.message = `Parsing --timeout \n\t${thrown.message}\nSee more help with --help`;
  expect(asFailure(thrown)).toMatchObject({ code: "INVALID_ARGUMENT", message: "--timeout: not a duration: \"5\"" });
});

test("what nobody foresaw is INTERNAL and exit 1, a deliberate exit is none at all", () => {
  expect(asFailure(new TypeError("x is not a function"))).toMatchObject({ code: "INTERNAL", exit: 1 });
  expect(deliberateExit(Object.assign(new Error("EEXIT: 3"), { code: "EEXIT", oclif: { exit: 3 } }))).toBe(3);
  expect(deliberateExit(new Error("x"))).toBeUndefined();
});

test("a failure's document has code, exit, retryable, hint, details and the request id on top", () => {
  const error = new RaftctlError("UNKNOWN_OUTCOME", "m", { details: { requestId: "1:2" }, hint: "h" });
  expect(failureEnvelope(error)).toEqual({
    ok: false, schema: "raftctl.error/v1",
    error: { code: "UNKNOWN_OUTCOME", exit: 10, message: "m", retryable: false, hint: "h", details: { requestId: "1:2" }, requestId: "1:2" },
  });
});

test("schema names have a version and no colon", () => {
  expect(schemaName("member:list")).toBe("raftctl.member-list/v1");
});

test("bytes become text exactly when they are valid UTF-8, and come back from base64 otherwise", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const { value, encoding } = bytesDocument(bytes);
    expect(Buffer.from(value, encoding)).toEqual(Buffer.from(bytes));
  }));
});

test("no control character, whatever it is in, reaches a terminal (T24)", () => {
  const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    expect(visible(text)).not.toMatch(control);
  }));
  expect(visible("a\u001b[2J\nb")).toBe("a\\x1b[2J\\x0ab");
  expect(visible("\u202eevil")).toBe("\\u202eevil");
  expect(visibleText("a\n\tb\u001b")).toBe("a\n\tb\\x1b");
});

test("a single value goes into a pipe byte for byte, and onto a terminal as visible text unless raw is wanted", () => {
  const value = new Uint8Array([27, 91, 72]);
  expect(singleValue(value, "text", false)).toEqual(value);
  expect(singleValue(value, "text", true)).toBe("\\x1b[H\n");
  expect(singleValue(value, "raw", true)).toEqual(Buffer.from([27, 91, 72, 10]));
  expect(singleValue(new Uint8Array([255, 0]), "text", true)).toBe("base64:/wA=\n");
});

test("base64 is read strictly and json is only checked", () => {
  expect(Buffer.from(decodeValue(utf8("AAH/\n"), "base64"))).toEqual(Buffer.from([0, 1, 255]));
  for (const bad of ["AAH", "A*H/", "AB=="]) expect(() => decodeValue(utf8(bad), "base64")).toThrow("not base64");
  expect(Buffer.from(decodeValue(utf8(' {"a":1}\n'), "json")).toString()).toBe(' {"a":1}\n');
  expect(() => decodeValue(new Uint8Array([0xff]), "json")).toThrow("not JSON");
});

test("keys are chosen in exactly one way", () => {
  const nothing = { key: undefined, prefix: undefined, range: undefined };
  expect(readTarget({ ...nothing, key: "k" })).toEqual({ key: "k" });
  expect(readTarget({ ...nothing, range: "a..b" })).toEqual({ query: { start: "a", end: "b" } });
  expect(readTarget({ ...nothing, range: ".." })).toEqual({ query: { start: undefined, end: undefined } });
  for (const bad of [nothing, { ...nothing, key: "k", prefix: "p" }, { ...nothing, range: "a" }]) expect(() => readTarget(bad)).toThrow(/A\.\.B/);
});

test("the end of a prefix is behind all keys that begin so and behind no other", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 6 }), (prefix, key) => {
    const end = prefixEnd(prefix);
    const begins = key.length >= prefix.length && compareBytes(key.subarray(0, prefix.length), prefix) === 0;
    const inside = compareBytes(key, prefix) >= 0 && (end === undefined || compareBytes(key, end) < 0);
    expect(inside).toBe(begins);
  }));
});

test("counts are whole and safe", () => {
  expect(parseCount("0")).toBe(0);
  expect(parseCount("9007199254740991")).toBe(2 ** 53 - 1);
  for (const bad of ["-1", "1.5", "9007199254740992", "", "1e3"]) expect(() => parseCount(bad)).toThrow("whole number");
});

test("an endpoint has a host and a port", () => {
  for (const good of ["h:1", "10.0.0.1:7400", "[::1]:7400"]) expect(checkEndpoint(good)).toBe(good);
  for (const bad of ["h", "h:0", "h:65536", "::1:7400", "http://h:1", ""]) expect(() => checkEndpoint(bad)).toThrow("is not an endpoint");
});

test("several endpoints may stand in the environment, separated by commas", async () => {
  const flags = { socket: undefined, endpoint: undefined, context: undefined };
  expect(await resolveTarget(flags, { RAFTCTL_ENDPOINT: "a:1, b:2", RAFTCTL_SOCKET: "/s" })).toEqual({ endpoints: ["a:1", "b:2"], origin: "env RAFTCTL_ENDPOINT" });
});

test("measures are short", () => {
  expect([0.44, 9.96, 12.4, 3240, 250_000, 7_500_000, 277_200_000].map(roughDuration)).toEqual(["0.4ms", "10ms", "12ms", "3.2s", "4m10s", "2h5m", "3d5h"]);
  expect([300, 1536, 64 * 1024 ** 2].map(roughSize)).toEqual(["300B", "1.5KiB", "64MiB"]);
});

test("table columns are aligned by what is seen, numbers to the right", () => {
  const table = renderTable([["\u001b[31mab\u001b[39m", "5"], ["abcd", "12345"]], [
    { title: "A", cell: (row) => row[0]! },
    { title: "B", cell: (row) => row[1]!, align: "right" },
  ]);
  expect(table).toBe("A         B\n\u001b[31mab\u001b[39m        5\nabcd  12345");
});
