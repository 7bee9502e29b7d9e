// The bundle of a visit to real nodes: what it holds, how it lies on the disk, and what happens when it cannot be written.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import type { Bundle } from "../../../src/cli/doctor/bundle-document.ts";
import { refuseExisting, writeBundle } from "../../../src/cli/doctor/bundle-file.ts";
import { keepBundle, makeBundle } from "../../../src/cli/doctor/bundle.ts";
import { consult } from "../../../src/cli/doctor/consultation.ts";
import { examineDirectory } from "../../../src/daemon/offline.ts";
import { raftctl } from "../../commands/run-raftctl.ts";
import { startCluster } from "../../daemon/support/cluster.ts";
import { factsOf, membershipOf } from "./hand-made.ts";
import { strangeDaemon } from "./strange-daemon.ts";

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-bundle-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const asked = { home: undefined, timeoutMs: 5_000, examineDirectory, env: {} };
const request = { version: "9.9.9", redact: false };
const read = (path: string): Bundle => JSON.parse(readFileSync(path, "utf8")) as Bundle;

test("it holds the diagnosis, the facts of every place and the configuration of each daemon that answers, and no key and no value (N1)", async () => {
  await using fixture = await startCluster(3);
  await fixture.client(fixture.leader()).kv.put("hidden-key", "hidden-value");
  const [stopped, followed] = fixture.followers();
  await stopped!.stop({ transfer: false, drainMs: 0 });
  const directory = dirname(stopped!.socket);
  const round = { ...asked, target: { endpoints: [followed!.clientAddress], origin: "test" }, dataDirs: [directory, dirname(fixture.leader().socket)] };
  const visit = await consult(round, undefined);
  const path = join(scratch(), "b.json");
  const kept = await keepBundle(path, visit, round, request);
  expect(kept).toEqual({ path, text: `\nwritten to ${path}`, error: undefined });
  const { content, ...head } = read(path);
  expect(head).toEqual({ format: "raftctl.doctor-bundle/v1", madeAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), madeBy: { version: "9.9.9", node: process.version, platform: `${process.platform} ${process.arch}` }, redacted: false });
  expect(content.diagnosis).toEqual(JSON.parse(JSON.stringify(visit.diagnosis)));
  expect(content.diagnosis.causes.map(({ id }) => id)).toContain("node-down");
  expect(content.examined.map(({ facts }) => facts!.source).toSorted((left, right) => left.localeCompare(right))).toEqual(["directory", "live", "live"]);
  expect(content.warnings).toEqual(visit.warnings);
  // Over TCP and over the socket of a directory; nothing is asked of a node that is stopped.
  expect(new Map(content.configurations.map(({ place, error }) => [place, error]))).toEqual(new Map([[followed!.clientAddress, null], [dirname(fixture.leader().socket), null]]));
  expect(content.configurations[0]).toMatchObject({ config: { raft: { electionTimeout: 300 } }, origin: { "raft.electionTimeout": expect.any(String) }, configHash: expect.stringMatching(/^[0-9a-f]{8,}$/) });
  expect(readFileSync(path, "utf8")).not.toMatch(/hidden-(?:key|value)/);
});

test("what its name calls a secret is masked at any depth, also when a daemon of another version sends it (T20)", async () => {
  const config = { apiToken: "hush", nested: [{ password: "hush", keyFile: "/k" }] };
  const endpoint = await strangeDaemon((method) => (method === "diagnose" ? factsOf("n1", membershipOf(["n1"])) : { config, origin: { apiToken: "env" }, configHash: "00" }));
  const round = { ...asked, target: { endpoints: [endpoint], origin: "test" }, dataDirs: [] };
  const { content } = await makeBundle(await consult(round, undefined), round, request);
  expect(content.configurations).toEqual([{ place: endpoint, config: { apiToken: "[redacted]", nested: [{ password: "[redacted]", keyFile: "/k" }] }, origin: { apiToken: "[redacted]" }, configHash: "00", error: null }]);
});

test("a daemon that goes away after it was examined says so in its place", async () => {
  await using fixture = await startCluster(1);
  const round = { ...asked, target: { endpoints: [fixture.leader().clientAddress], origin: "test" }, dataDirs: [] };
  const visit = await consult(round, undefined);
  await fixture.leader().stop({ transfer: false, drainMs: 0 });
  const { content } = await makeBundle(visit, round, request);
  expect(content.configurations).toMatchObject([{ config: null, origin: null, configHash: null, error: { code: "UNREACHABLE" } }]);
});

test("with --redact nothing of a real visit names a host, a path, a node or the cluster", async () => {
  await using fixture = await startCluster(3);
  const [stopped, followed] = fixture.followers();
  const { clusterId } = await fixture.client(followed!).admin.call("status", {});
  await stopped!.stop({ transfer: false, drainMs: 0 });
  const round = { ...asked, target: { endpoints: [followed!.clientAddress], origin: "test" }, dataDirs: [dirname(stopped!.socket)] };
  const { content, redacted } = await makeBundle(await consult(round, undefined), round, { ...request, redact: true });
  const text = JSON.stringify(content);
  expect(redacted).toBe(true);
  for (const secret of ["127.0.0.1", clusterId, dirname(stopped!.socket), tmpdir(), dirname(dirname(stopped!.socket))]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/\bn[123]\b/);
  const port = followed!.peerAddress.split(":")[1]!;
  expect(text).toMatch(new RegExp(`"host-\\d:${port}"`));
});

test("only its owner may read it, .gz is compressed, and a file that is there stays as it is", async () => {
  const home = scratch();
  const bundle = { format: "raftctl.doctor-bundle/v1", madeAt: "now", madeBy: request, redacted: false, content: { examined: [undefined] } } as unknown as Bundle;
  const [plain, packed] = [join(home, "b.json"), join(home, "b.json.gz")];
  await writeBundle(plain, bundle);
  await writeBundle(packed, bundle);
  expect([plain, packed].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(gunzipSync(readFileSync(packed)).toString()).toBe(readFileSync(plain, "utf8"));
  expect(read(plain).content.examined).toEqual([null]);
  writeFileSync(plain, "mine");
  await expect(writeBundle(plain, bundle)).rejects.toMatchObject({ code: "CONFLICT", exit: 6, message: expect.stringContaining(plain) });
  await expect(refuseExisting(plain)).rejects.toMatchObject({ code: "CONFLICT" });
  await refuseExisting(join(home, "other"));
  expect(readFileSync(plain, "utf8")).toBe("mine");
  await expect(writeBundle(join(home, "absent", "b.json"), bundle)).rejects.toMatchObject({ code: "NOT_FOUND", exit: 4, message: expect.stringContaining(join(home, "absent", "b.json")) });
  expect(readdirSync(home).toSorted()).toEqual(["b.json", "b.json.gz"]);
});

test("the command writes it whatever the verdict, whose exit code stays; it asks nobody when the name is taken, and --redact alone is a mistake (N1)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const [stopped] = fixture.followers();
  const home = scratch();
  const path = join(home, "support.json.gz");
  await stopped!.stop({ transfer: false, drainMs: 0 });
  const words = ["doctor", "--socket", fixture.leader().socket, "--bundle", path];
  const told = await raftctl([...words, "--redact", "--json"]);
  expect([told.code, told.json.result.bundle, told.json.result.verdict], told.stderr).toEqual([11, path, "degraded"]);
  const { redacted, madeBy } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Bundle;
  expect([redacted, madeBy.version]).toEqual([true, (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version]);
  const again = await raftctl(words);
  expect([again.code, again.stdout]).toEqual([6, ""]);
  expect(again.stderr.split("\n")[0]).toContain(`${path} exists already`);
  const absent = await raftctl(["doctor", "--socket", fixture.leader().socket, "--bundle", join(home, "absent", "b"), "--json"]);
  expect([absent.code, absent.json.result.bundle, absent.json.result.causes.length > 0]).toEqual([4, null, true]);
  expect((await raftctl(["doctor", "--redact"])).code).toBe(2);
  const none = await raftctl(["doctor", "--socket", fixture.leader().socket, "--json"]);
  expect(none.json.result.bundle).toBeNull();
});
