// Operators' commands with --json against two real nodes: the documents that scripts read.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster, type Cluster } from "../../src/daemon/cluster.ts";
import type { JsonSchema } from "../../tools/schemas/type-reader.ts";
import { raftctl, type Outcome } from "./run-raftctl.ts";
import { violations } from "./schema-check.ts";

let cluster: Cluster;
const directory = mkdtempSync(join(tmpdir(), "raftctl-operator-"));
const run = (line: string): Promise<Outcome> => raftctl([...line.split(" "), "--json"], { env: { RAFTCTL_ENDPOINT: cluster.endpoints[0]! } });

beforeAll(async () => {
  cluster = await createCluster({ nodes: 2 });
});
afterAll(async () => {
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("the quota is shown, planned and set, and nothing is an alarm below it", async () => {
  expect((await run("quota set 1GiB --dry-run")).json.result).toMatchObject({ applied: false, index: null });
  expect((await run("quota set 1GiB")).json.result).toMatchObject({ applied: true, index: expect.stringMatching(/^\d+$/) });
  expect((await run("quota show")).json.result).toMatchObject({ quotaBytes: 2 ** 30 });
  expect((await run("alarm list")).json.result).toMatchObject({ alarms: [] });
  expect((await run("alarm clear")).json.result).toMatchObject({ cleared: [], alarms: [] });
});

test("a change of a member's role is planned without being made", async () => {
  const { code, json } = await run("member demote n2 --dry-run");
  expect([code, json.result?.applied], JSON.stringify(json)).toEqual([0, false]);
});

test("completion comes as JSON, too", async () => {
  expect((await run("completion fish")).json.result).toMatchObject({ shell: "fish", script: expect.stringContaining("complete") });
});

test("config schema describes what config validate takes and config show prints", async () => {
  const file = join(directory, "good.json");
  const schema = (await run("config schema")).json.result.jsonSchema as JsonSchema;
  const { config } = (await run("config show")).json.result;
  expect(violations(config, schema)).toEqual([]);
  writeFileSync(file, JSON.stringify({ insecure: "1", raft: { appendsInFlightMax: "12" }, log: { level: "warn" } }));
  expect((await run(`config validate --file ${file}`)).json.result).toMatchObject({ valid: true, file });
  expect(violations({ insecure: "1", raft: { appendsInFlightMax: "12" }, log: { level: "warn" } }, schema)).toEqual([]);
  expect(violations({ raft: { electionTimeut: "1s" }, log: { level: "loud" } }, schema)).toEqual(["$.raft.electionTimeut: is not in the schema", '$.log.level: "loud" is none of debug, info, warn, error, fatal']);
  expect(JSON.parse((await raftctl(["config", "schema"])).stdout)).toEqual(schema);
});

test("a daemon in the foreground ends with a document when it is stopped", { timeout: 60_000 }, async () => {
  const dataDir = join(directory, "n1");
  const made = await run(`init --name n1 --data-dir ${dataDir} --listen-peer 127.0.0.1:0 --listen-client 127.0.0.1:0 --no-start`);
  expect(made.code, made.stdout).toBe(0);
  let stopped: Promise<Outcome> | undefined;
  const ended = await raftctl(["daemon", "run", "--data-dir", dataDir, "--json"], {
    onOutput(_kill, text) {
      if (text.includes('"message":"ready"')) stopped ??= raftctl(["daemon", "stop", "--data-dir", dataDir, "--json"]);
    },
  });
  expect((await stopped)?.code).toBe(0);
  expect([ended.code, ended.json.result]).toEqual([0, { exit: 0 }]);
});
