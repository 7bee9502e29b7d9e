// The rules verbs as a shell sees them, against a real node: texts, documents and exit codes, and what a refused put looks like (S34, S37).

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../daemon/support/cluster.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";

const timeout = 30_000;

async function shell(): Promise<{ run: (...words: string[]) => Promise<Outcome>; file: (content: string) => string }> {
  const fixture = await startCluster(1);
  const directory = mkdtempSync(join(tmpdir(), "raftctl-rules-"));
  onTestFinished(async () => {
    await fixture[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });
  const env = { RAFTCTL_ENDPOINT: fixture.leader().clientAddress };
  const file = (content: string): string => {
    const path = join(directory, "document.json");
    writeFileSync(path, content);
    return path;
  };
  return { run: (...words) => raftctl(words, { env }), file };
}

test("a rule made of flags is set, listed, shown as a file that can be set again, and deleted", { timeout }, async () => {
  const { run, file } = await shell();
  expect(await run("rules", "list")).toMatchObject({ code: 0, stdout: "no rules: anything may be written\n", stderr: "" });
  const schema = file('{"type":"object","required":["email"]}');
  const rehearsed = await run("rules", "set", "users/", "--schema", schema, "--unique", "/email", "--dry-run");
  expect(rehearsed).toMatchObject({ code: 0, stdout: 'nothing was changed: the rule for "users/" could be set\n' });
  const set = await run("rules", "set", "users/", "--schema", schema, "--unique", "/email", "--max-value-bytes", "4KiB", "--json");
  const rule = { prefix: "users/", maxValueBytes: 4096, schema: { type: "object", required: ["email"] }, unique: ["/email"] };
  expect([set.code, set.json.schema, set.json.result]).toEqual([0, "raftctl.rules-set/v1", { applied: true, index: expect.stringMatching(/^\d+$/) as string, rule, indexes: [{ field: "/email", keys: 0, isComplete: true }] }]);
  expect((await run("rules", "set", "", "--max-key-bytes", "32")).stdout).toMatch(/^OK \d+: the rule for "" is set\n$/);
  expect((await run("rules", "list")).stdout).toBe([
    "PREFIX    KEY BYTES  VALUE BYTES  SCHEMA  IMMUTABLE  UNIQUE",
    '""               32            -  -       -          -',
    '"users/"          -         4096  yes     -          /email (0 keys)', "",
  ].join("\n"));
  expect((await run("rules", "list", "--json")).json).toMatchObject({ ok: true, schema: "raftctl.rules-list/v1", result: { rules: [{ rule: { prefix: "", maxKeyBytes: 32 } }, { rule }] } });
  expect((await run("rules", "show", "users/", "--json")).json).toMatchObject({ ok: true, schema: "raftctl.rules-show/v1", result: { rule } });
  const shown = await run("rules", "show", "users/");
  expect(JSON.parse(shown.stdout)).toEqual(rule);
  expect((await run("rules", "set", "users/", "--file", file(shown.stdout))).code).toBe(0);
  expect((await run("rules", "delete", "users/", "--dry-run")).stdout).toBe('nothing was changed: the rule for "users/" could be deleted\n');
  expect((await run("rules", "delete", "users/", "--json")).json.result).toMatchObject({ applied: true, rule });
  expect((await run("rules", "show", "users/")).code).toBe(4);
  expect((await run("rules", "delete", "users/")).code).toBe(4);
});

test("a put that breaks a rule ends with 7 and says in text and JSON what is wrong where", { timeout }, async () => {
  const { run } = await shell();
  await run("rules", "set", "users/", "--unique", "/email");
  await run("put", "users/a", '{"email":"x"}');
  const text = await run("put", "users/b", '{"email":"x"}');
  expect(text.code).toBe(7);
  expect(text.stderr).toContain('"users/b" breaks the rule for "users/" (unique): the value at /email is that of "users/a"');
  const { code, json } = await run("put", "users/b", '{"email":"x"}', "--json");
  expect([code, json.error]).toEqual([7, expect.objectContaining({
    code: "REJECTED", exit: 7, retryable: false,
    details: expect.objectContaining({ rule: "unique", prefix: "users/", key: "users/b", path: "/email", heldBy: "users/a", reason: 'is that of "users/a"' }) as object,
  })]);
});

test("check names the keys that would break a rule, in force or not, and ends with 11; what is there already can keep a unique field from being set", { timeout }, async () => {
  const { run, file } = await shell();
  await run("put", "users/a", '{"email":"x"}');
  await run("put", "users/b", '{"email":"x"}');
  const check = await run("rules", "check", "users/", "--unique", "/email");
  expect([check.code, check.stdout]).toEqual([11, ["KEY      RULE    AT      WHY", 'users/b  unique  /email  is that of "users/a"', ""].join("\n")]);
  expect(check.stderr).toContain("1 of 2 keys break the rule");
  const json = (await run("rules", "check", "users/", "--file", file('{"maxValueBytes":1}'), "--json")).json;
  expect([json.ok, json.result]).toMatchObject([false, { keys: 2, violations: 2, found: [{ key: "users/a", rule: "maxValueBytes", path: null }, { key: "users/b" }] }]);
  const refused = await run("rules", "set", "users/", "--unique", "/email");
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('"users/a", "users/b" have "x"')]);
  expect((await run("rules", "check", "users/")).code).toBe(4);
  await run("del", "users/b");
  await run("rules", "set", "users/", "--unique", "/email");
  expect(await run("rules", "check", "users/")).toMatchObject({ code: 0, stdout: "1 keys, and none that breaks the rule\n" });
});

test("what makes no rule is refused, with what is wanted instead", { timeout }, async () => {
  const { run } = await shell();
  const refused = async (...words: string[]): Promise<[number | null, string]> => run("rules", "set", "users/", ...words).then(({ code, stderr }) => [code, stderr]);
  expect(await refused()).toEqual([2, expect.stringContaining("say what the rule asks for")]);
  expect(await refused("--unique", "email")).toEqual([2, expect.stringContaining('"email" is no JSON pointer')]);
  expect(await refused("--max-key-bytes", "5000")).toEqual([2, expect.stringContaining("maxKeyBytes: want a whole number from 0 to 1024")]);
  expect(await refused("--file", "/does/not/exist")).toEqual([4, expect.stringContaining("cannot read --file")]);
});

test("a file that is for another prefix, that is no JSON, or that asks for what is not known is refused", { timeout }, async () => {
  const { run, file } = await shell();
  expect(await run("rules", "set", "users/", "--file", file('{"prefix":"other/","immutable":true}'))).toMatchObject({ code: 2, stderr: expect.stringContaining('is for "other/", not for "users/"') as string });
  expect((await run("rules", "set", "users/", "--file", file("{"))).code).toBe(2);
  expect(await run("rules", "set", "users/", "--file", file('{"schema":{"format":"email"}}'))).toMatchObject({ code: 2, stderr: expect.stringContaining('the keyword "format" is not supported') as string });
  expect(await run("rules", "set", "users/", "--file", file('{"ttl":1}'))).toMatchObject({ code: 2, stderr: expect.stringContaining('"ttl" is no condition') as string });
});
