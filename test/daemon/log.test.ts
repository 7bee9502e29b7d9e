// The daemon's log as an operator's tools read it: one JSON document a line, no secret, nothing that a terminal obeys.

import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { LogLevel } from "../../src/config/schema.ts";
import { openLog } from "../../src/daemon/log.ts";

function open(level: LogLevel = "info") {
  const folder = mkdtempSync(join(tmpdir(), "raftctl-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "logs", "n1.log");
  const log = openLog(level, file);
  const text = (): string => readFileSync(file, "utf8");
  const lines = (): Record<string, unknown>[] =>
    text()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...log, file, text, lines };
}

test("a line is there when the call returns: time, level, pid, fields, sentence", () => {
  const log = open();
  log.logger.info({ term: 7, index: 42n }, "became leader");
  expect(log.lines()).toEqual([{ level: "info", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), pid: process.pid, term: 7, index: "42", message: "became leader" }]);
  expect(statSync(log.file).mode & 0o777).toBe(0o600);
});

test("a child carries its fields, and a change of level reaches children that exist already", () => {
  const log = open("info");
  const child = log.logger.child({ region: "global" }).child({ peer: "n2" });
  child.debug({}, "unheard");
  log.setLevel("debug");
  child.debug({}, "heard");
  log.setLevel("error");
  child.warn({}, "unheard again");
  child.fatal({}, "the end");
  expect(log.lines().map(({ level, message, region, peer }) => [level, message, region, peer])).toEqual([
    ["debug", "heard", "global", "n2"],
    ["fatal", "the end", "global", "n2"],
  ]);
});

test("no field whose name says secret is written, at any depth, in children, errors and lists (T20)", () => {
  const log = open();
  const canary = "canary-5f2b";
  const secrets = { token: canary, rootToken: canary, db_password: canary, clientKey: canary, "api-key": canary, authorization: canary };
  log.logger.child({ ...secrets }).info({ ...secrets, request: { users: [{ name: "ann", password: canary }] } }, "asked");
  log.logger.error({ error: new RaftctlError("DENIED", "no", { details: { token: canary }, cause: Object.assign(new Error("x"), { secret: canary }) }) }, "refused");
  log.logger.warn({ headers: new Map([["authorization", canary]]) }, "odd");
  expect(log.text()).not.toContain(canary);
  expect(log.lines()[0]).toMatchObject({ token: "[redacted]", request: { users: [{ name: "ann", password: "[redacted]" }] } });
});

test("names that only mention a secret are written", () => {
  const log = open();
  log.logger.info({ tokenFile: "/etc/token", key: "app/config", keys: 3, tokenizer: "x" }, "shown");
  expect(log.lines()[0]).toMatchObject({ tokenFile: "/etc/token", key: "app/config", keys: 3, tokenizer: "x" });
});

test("control characters of keys, names and sentences are escaped, and one call is one line (T24)", () => {
  const log = open();
  const hostile = "a\n\u001b]0;owned\u0007\u009b31m\u007f\u2028\u202eb\r{\"level\":\"fatal\"}";
  log.logger.child({ [hostile]: 1 }).warn({ key: hostile, nested: [{ [hostile]: hostile }] }, hostile);
  expect(log.text().slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  expect(log.lines()).toHaveLength(1);
  expect(log.lines()[0]).toMatchObject({ key: hostile, message: hostile });
});

test("bytes are counted, not written, and an error has its code, stack and cause", () => {
  const log = open();
  const error = new RaftctlError("IO_ERROR", "write failed", { cause: new Error("EIO") });
  log.logger.error({ value: new Uint8Array(300), error }, "stopping");
  expect(log.lines()[0]).toMatchObject({ value: "<300 bytes>", error: { code: "IO_ERROR", message: "write failed", cause: { message: "EIO" } } });
  expect((log.lines()[0]!["error"] as { stack: string }).stack).toContain("log.test.ts");
});

test("a cyclic field neither throws nor loses the line", () => {
  const log = open();
  const cyclic: Record<string, unknown> = { name: "n1" };
  cyclic["self"] = cyclic;
  log.logger.info({ cyclic }, "odd");
  expect(log.lines()[0]).toMatchObject({ message: "odd", cyclic: { name: "n1" } });
});

test("after a rotation by rename, reopen writes on under the configured name", () => {
  const log = open();
  log.logger.info({}, "before");
  renameSync(log.file, `${log.file}.1`);
  log.reopen();
  log.logger.info({}, "after");
  expect(log.lines().map(({ message }) => message)).toEqual(["after"]);
});
