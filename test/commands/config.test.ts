// `config show` and `config validate` as a shell sees them.

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { raftctl } from "./run-raftctl.ts";

let root: string;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "raftctl-config-")));
  return () => rmSync(root, { recursive: true, force: true });
});

test("config show says every value and where it came from; validate is 0 or 2 (S130)", async () => {
  const file = join(root, "good.yaml");
  writeFileSync(file, "raft:\n  electionTimeout: 2s\nwal:\n  segmentBytes: 1MiB\n");
  const shown = await raftctl(["config", "show", "--file", file, "--origin", "--json"], { env: { RAFTCTL_LOG_LEVEL: "debug" } });
  expect(shown.json.result).toMatchObject({ config: { raft: { electionTimeout: "2s", heartbeatInterval: "100ms" }, wal: { segmentBytes: "1MiB" }, log: { level: "debug" } }, file });
  expect(shown.json.result.origin).toMatchObject({ "raft.electionTimeout": `file ${file}`, "log.level": "env RAFTCTL_LOG_LEVEL", "wal.fsync": "default" });
  const table = await raftctl(["config", "show", "--file", file, "--origin"]);
  expect(table.stdout).toMatch(new RegExp(`^raft\\.electionTimeout +2s +file ${file}$`, "m"));
  expect((await raftctl(["config", "validate", "--file", file])).stdout).toBe(`OK ${file}\n`);
  writeFileSync(file, "raft:\n  electionTimeout: 2\n");
  const invalid = await raftctl(["config", "validate", "--file", file, "--json"], { env: { RAFTCTL_RAFT_ELECTION_TIMEOUT: "3s" } });
  expect([invalid.code, invalid.json.error?.code]).toEqual([2, "CONFIG_INVALID"]);
  expect(invalid.json.error?.message).toBe(`raft.electionTimeout: 2 is not valid, want a duration from 10ms to 5m, such as 250ms or 5s (file ${file})`);
});

test("what config show prints is a file that is read to the same configuration", async () => {
  const first = await raftctl(["config", "show", "--json"], { env: { RAFTCTL_NAME: "n9", RAFTCTL_RAFT_APPEND_BYTES_MAX: "1536B" } });
  const file = join(root, "again.json");
  writeFileSync(file, JSON.stringify(first.json.result.config));
  const second = await raftctl(["config", "show", "--file", file, "--json"]);
  expect(second.json.result.configHash).toBe(first.json.result.configHash);
});
