// The effective configuration: which layer wins, where each value came from, and what is refused with which sentence.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { loadConfig, type LoadRequest } from "../../src/config/load.ts";
import { leaves } from "../../src/config/schema.ts";
import { environmentName } from "../../src/config/layers.ts";
import { makeSandbox, type Sandbox } from "./sandbox.ts";

function load(sandbox: Sandbox, request: Partial<LoadRequest> = {}) {
  const env = { ...sandbox.env, ...request.env };
  return loadConfig({ flags: {}, cwd: sandbox.cwd, ...request, env });
}

async function refusal(loading: Promise<unknown>): Promise<RaftctlError> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RaftctlError);
  expect((error as RaftctlError).message).not.toContain("\n");
  return error as RaftctlError;
}

test("without anything said every key has its default", async () => {
  const sandbox = makeSandbox();
  const { config, origin, file } = await load(sandbox);
  expect(config).toEqual({
    dataDir: join(sandbox.root, "state", "raftctl"),
    listen: { peer: "127.0.0.1:7401", client: "127.0.0.1:7400" },
    advertise: {},
    adminSocket: join(sandbox.root, "state", "raftctl", "admin.sock"),
    insecure: false,
    masterEligible: true,
    raft: { electionTimeout: 1000, heartbeatInterval: 100, leaseReads: false, clockDriftPercent: 10, appendBytesMax: 262_144, appendsInFlightMax: 8, uncommittedBytesMax: 67_108_864 },
    network: { connectTimeout: 500, handshakeTimeout: 5000, clientConnectionsMax: 4096, requestsInFlightMax: 1024 },
    peer: { transport: "tcp" },
    http: { connectionsMax: 1024, connectionsPerAddressMax: 256 },
    wal: { segmentBytes: 67_108_864, fsync: "always" },
    compaction: { logBytes: 67_108_864, trailingEntries: 10_000, trailingBytes: 16_777_216 },
    discovery: { join: "auto", interval: 1000 },
    membership: { minVoters: 3 },
    log: { level: "info" },
  });
  expect(new Set(Object.values(origin))).toEqual(new Set(["default"]));
  expect(file).toBeUndefined();
});

test("flag, environment, context, file, identity, default: each layer covers those below it, and says so", async () => {
  const sandbox = makeSandbox();
  const file = sandbox.write("home/raftctl.config.json", { dataDir: "from-file", listen: { peer: "127.0.0.1:2" } });
  sandbox.write("config/raftctl/contexts.json", { contexts: { lab: { dataDir: "/from-context" } } });
  const identitySettings = { listenPeer: "127.0.0.1:1", listenClient: "127.0.0.1:1" };
  const env = { ...sandbox.env, RAFTCTL_DATA_DIR: "/from-env" };
  const flags = { dataDir: "/from-flag" };

  const all = { identitySettings, contextName: "lab", env, flags };
  const seen = [];
  for (const request of [all, { ...all, flags: {} }, { ...all, flags: {}, env: {} }, { identitySettings }]) {
    const { config, origin } = await load(sandbox, request);
    seen.push([config.dataDir, origin["dataDir"]]);
  }
  expect(seen).toEqual([
    ["/from-flag", "flag --data-dir"],
    ["/from-env", "env RAFTCTL_DATA_DIR"],
    ["/from-context", "context lab"],
    [join(sandbox.root, "home", "from-file"), `file ${file}`],
  ]);

  const { config, origin } = await load(sandbox, { identitySettings });
  expect([config.listen.peer, origin["listen.peer"]]).toEqual(["127.0.0.1:2", `file ${file}`]);
  expect([config.listen.client, origin["listen.client"]]).toEqual(["127.0.0.1:1", "identity"]);
  expect(origin["raft.electionTimeout"]).toBe("default");
});

test("what init recorded is read from the data directory that the upper layers name", async () => {
  const sandbox = makeSandbox();
  const asked: string[] = [];
  const identitySettings = async (dataDir: string) => {
    asked.push(dataDir);
    return { listenPeer: "10.0.0.1:7401", listenClient: "127.0.0.1:7500", listenHttp: "127.0.0.1:7480", advertiseHttp: "a:80", peerTransport: "http" as const, insecure: true, masterEligible: false };
  };
  const { config, origin } = await load(sandbox, { flags: { dataDir: "node1" }, identitySettings });
  expect(asked).toEqual([join(sandbox.cwd, "node1")]);
  expect(config).toMatchObject({ listen: { peer: "10.0.0.1:7401", client: "127.0.0.1:7500", http: "127.0.0.1:7480" }, advertise: { http: "a:80" }, peer: { transport: "http" }, insecure: true, masterEligible: false });
  expect(origin["masterEligible"]).toBe("identity");
});

test("every key can be set by its environment variable", async () => {
  const sandbox = makeSandbox();
  const values: Record<string, string> = {
    name: "n7", dataDir: "/d", "listen.peer": "127.0.0.1:9", "listen.client": "127.0.0.1:8", "listen.http": "127.0.0.1:7", "advertise.peer": "a:9", "advertise.client": "a:8", "advertise.http": "a:7",
    adminSocket: "/s", insecure: "1", masterEligible: "false", "raft.electionTimeout": "2s", "raft.heartbeatInterval": "50ms", "raft.leaseReads": "true", "raft.clockDriftPercent": "5",
    "raft.appendBytesMax": "64KiB", "raft.appendsInFlightMax": "4", "raft.uncommittedBytesMax": "8MiB", "network.connectTimeout": "100ms",
    "network.handshakeTimeout": "1s", "network.clientConnectionsMax": "10", "network.requestsInFlightMax": "11", "peer.transport": "http",
    "http.connectionsMax": "12", "http.connectionsPerAddressMax": "3", "http.allowedNetworks": "10.0.0.0/8,::1", "wal.segmentBytes": "1MiB",
    "wal.fsync": "always", "compaction.logBytes": "2MiB", "compaction.entries": "7", "compaction.interval": "1h", "compaction.trailingEntries": "5", "compaction.trailingBytes": "1MiB",
    "discovery.join": "never", "discovery.interval": "5s", "membership.reapAfter": "1h", "membership.minVoters": "5", "log.level": "debug", "log.file": "/l",
  };
  expect(Object.keys(values)).toEqual([...leaves.keys()]);
  const variables = Object.fromEntries(Object.entries(values).map(([key, value]) => [environmentName(key), value]));
  const { origin, config } = await load(sandbox, { env: variables });
  expect(origin).toEqual(Object.fromEntries(Object.keys(values).map((key) => [key, `env ${environmentName(key)}`])));
  expect(config).toMatchObject({ insecure: true, masterEligible: false, raft: { electionTimeout: 2000, appendsInFlightMax: 4 } });
  expect(environmentName("raft.electionTimeout")).toBe("RAFTCTL_RAFT_ELECTION_TIMEOUT");
});

test("RAFTCTL_SOCKET names the admin socket, and RAFTCTL_ variables of the command line are no configuration", async () => {
  const sandbox = makeSandbox();
  const { config, origin } = await load(sandbox, { env: { RAFTCTL_SOCKET: "/run/r.sock", RAFTCTL_ENDPOINT: "a:1", RAFTCTL_TOKEN: "t" } });
  expect([config.adminSocket, origin["adminSocket"]]).toEqual(["/run/r.sock", "env RAFTCTL_SOCKET"]);
});

test("a mistyped variable of a group of ours is refused with the right name", async () => {
  const error = await refusal(load(makeSandbox(), { env: { RAFTCTL_RAFT_ELECTION_TIMOUT: "2s" } }));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toBe("RAFTCTL_RAFT_ELECTION_TIMOUT: no such key, did you mean RAFTCTL_RAFT_ELECTION_TIMEOUT? (env)");
});

test("a refused value is one line with key, value, what is wanted and origin", async () => {
  const sandbox = makeSandbox();
  const file = sandbox.write("home/project/.raftctlrc", "raft:\n  electionTimeout: soon\n");
  const error = await refusal(load(sandbox));
  expect(error).toMatchObject({ code: "CONFIG_INVALID", exit: 2 });
  expect(error.message).toBe(`raft.electionTimeout: "soon" is not valid, want a duration from 10ms to 5m, such as 250ms or 5s (file ${file})`);
});

test("a mistake in a layer that is covered by a higher one is refused too", async () => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", { wal: { segmentBytes: "64" } });
  const error = await refusal(load(sandbox, { env: { RAFTCTL_WAL_SEGMENT_BYTES: "64MiB" } }));
  expect(error.message).toContain('wal.segmentBytes: "64"');
});

test.each([
  [{ raft: { electonTimeout: "1s" } }, "raft.electonTimeout: no such key, did you mean raft.electionTimeout?"],
  [{ electionTimeout: "1s" }, "electionTimeout: no such key, did you mean raft.electionTimeout?"],
  [{ zebra: 1 }, "zebra: no such key ("],
  [{ raft: "fast" }, 'raft: "fast" is not a group of keys'],
  [["a"], 'content: ["a"] is not a group of keys'],
  [JSON.parse('{"__proto__": {"insecure": true}}'), "__proto__: no such key"],
])("a file with %j is refused: %s", async (content, sentence) => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", content);
  expect((await refusal(load(sandbox))).message).toContain(sentence);
});

test.each([
  [{ name: "7" }, "name"],
  [{ name: "a b" }, "name"],
  [{ name: "n1\u001b[2J" }, "name"],
  [{ dataDir: "" }, "dataDir"],
  [{ insecure: "yes" }, "insecure"],
  [{ listen: { peer: "7401" } }, "listen.peer"],
  [{ advertise: { peer: "a:0" } }, "advertise.peer"],
  [{ raft: { electionTimeout: 1000 } }, "raft.electionTimeout"],
  [{ raft: { electionTimeout: "1ms" } }, "raft.electionTimeout"],
  [{ raft: { appendsInFlightMax: 1.5 } }, "raft.appendsInFlightMax"],
  [{ raft: { appendBytesMax: "1GiB" } }, "raft.appendBytesMax"],
  [{ wal: { fsync: "never" } }, "wal.fsync"],
  [{ discovery: { join: "maybe" } }, "discovery.join"],
  [{ membership: { minVoters: 0 } }, "membership.minVoters"],
  [{ membership: { reapAfter: "never" } }, "membership.reapAfter"],
  [{ log: { level: "loud" } }, "log.level"],
])("%j is refused and the key is named", async (content, key) => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", content);
  const error = await refusal(load(sandbox));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toMatch(new RegExp(`^${key.replace(".", "\\.")}: .* is not valid, want `));
});

test.each([
  ["U2", { network: { connectTimeout: "1001ms" } }, "network.connectTimeout: 1001ms is not valid, want at most raft.electionTimeout (1s)"],
  ["heartbeat", { raft: { heartbeatInterval: "334ms" } }, "raft.heartbeatInterval: 334ms is not valid, want at most a third of raft.electionTimeout (1s)"],
  ["sizes", { raft: { appendBytesMax: "2MiB", uncommittedBytesMax: "1MiB" } }, "raft.uncommittedBytesMax: 1MiB is not valid, want at least raft.appendBytesMax (2MiB)"],
  ["sizes", { compaction: { logBytes: "1MiB", trailingBytes: "2MiB" } }, "compaction.trailingBytes: 2MiB is not valid, want at most compaction.logBytes (1MiB)"],
  ["reaping", { membership: { reapAfter: "9s" } }, "membership.reapAfter: 9s is not valid, want at least ten times raft.electionTimeout (10s)"],
  ["wildcard", { insecure: true, listen: { peer: "0.0.0.0:7401" } }, "listen.peer: 0.0.0.0:7401 is not valid, want advertise.peer beside it"],
  ["wildcard", { insecure: true, listen: { http: "0.0.0.0:7480" } }, "listen.http: 0.0.0.0:7480 is not valid, want advertise.http beside it"],
  ["wildcard", { insecure: true, advertise: { client: "[::]:7400" } }, "advertise.client: [::]:7400 is not valid, want an address that others can dial"],
])("keys that do not fit together are refused (%s): %j", async (_, content, sentence) => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", content);
  expect((await refusal(load(sandbox))).message).toContain(sentence);
});

test("the limits between keys themselves are allowed (U2)", async () => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", { network: { connectTimeout: "900ms" }, raft: { electionTimeout: "900ms", heartbeatInterval: "300ms" } });
  expect((await load(sandbox)).config.network.connectTimeout).toBe(900);
});

test.each(["peer", "client", "http"])("a %s listener beyond loopback needs consent, exit 9 (T28, S58, S62)", async (side) => {
  const sandbox = makeSandbox();
  const content = { listen: { [side]: "10.1.2.3:7400" } };
  const error = await refusal(load(sandbox, { configFile: sandbox.write("c.json", content) }));
  expect(error).toMatchObject({ code: "INSECURE", exit: 9 });
  expect(error.message).toContain(`listen.${side}: "10.1.2.3:7400"`);
  const { config } = await load(sandbox, { configFile: sandbox.write("c.json", { ...content, insecure: true }) });
  expect(config.insecure).toBe(true);
});

test("the nearest file wins, JSON or YAML, up to the home directory and then the user's folder", async () => {
  const sandbox = makeSandbox();
  const found = [];
  for (const [name, content] of [
    ["config/raftctl/config.yaml", "name: user\n"],
    ["home/raftctl.config.yaml", "name: yaml\n"],
    ["home/package.json", { name: "package-name", raftctl: { name: "never-seen" } }],
    ["home/project/package.json", { name: "some-package" }],
    ["home/project/.raftctlrc.json", { name: "rc" }],
    ["home/project/deep/package.json", { raftctl: { name: "package" } }],
  ] as const) {
    sandbox.write(name, content);
    found.push((await load(sandbox)).config.name);
  }
  expect(found).toEqual(["user", "yaml", "yaml", "yaml", "rc", "package"]);
});

test("a file outside the home directory is not looked for above it", async () => {
  const sandbox = makeSandbox();
  sandbox.write("raftctl.config.json", { name: "outside" });
  expect((await load(sandbox)).config.name).toBeUndefined();
});

test("no program is run on the way to the configuration: not by place, by name, by import or by cosmiconfig's own configuration", async () => {
  const sandbox = makeSandbox();
  const ran = join(sandbox.root, "ran");
  const program = `require("node:fs").writeFileSync(${JSON.stringify(ran)}, ""); module.exports = { name: "program" };`;
  for (const name of ["raftctl.config.js", "raftctl.config.cjs", ".raftctlrc.cjs", ".config/config.cjs", ".config/raftctlrc.cjs"]) {
    sandbox.write(`home/project/deep/${name}`, program);
  }
  const previous = process.cwd();
  process.chdir(sandbox.cwd);
  try {
    expect((await load(sandbox)).config.name).toBeUndefined();
    const explicit = await refusal(load(sandbox, { configFile: "raftctl.config.cjs" }));
    expect(explicit.message).toContain("is not .json, .yaml or .yml");
    sandbox.write("home/project/deep/raftctl.config.json", { $import: "./raftctl.config.cjs" });
    expect((await refusal(load(sandbox))).message).toContain("$import: no such key");
  } finally {
    process.chdir(previous);
  }
  expect(existsSync(ran)).toBe(false);
});

test.each([
  ["raftctl.config.json", '{"name": }'],
  ["raftctl.config.yaml", "name: [\n"],
])("a damaged %s is refused with its path and one line", async (name, content) => {
  const sandbox = makeSandbox();
  const file = sandbox.write(`home/${name}`, content);
  const error = await refusal(load(sandbox));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toContain(`configuration file ${file} is damaged: `);
});

test("a named file that is absent is refused; an empty one says nothing", async () => {
  const sandbox = makeSandbox();
  expect((await refusal(load(sandbox, { configFile: "gone.yaml" }))).message).toContain("gone.yaml cannot be read");
  const { config } = await load(sandbox, { configFile: sandbox.write("empty.yaml", "# nothing\n") });
  expect(config.listen.client).toBe("127.0.0.1:7400");
});

test("relative paths are relative to where they were written", async () => {
  const sandbox = makeSandbox();
  sandbox.write("home/raftctl.config.json", { dataDir: "data", log: { file: "logs/n1.log" } });
  const { config } = await load(sandbox, { env: { RAFTCTL_ADMIN_SOCKET: "here.sock" } });
  expect(config.dataDir).toBe(join(sandbox.root, "home", "data"));
  expect(config.log.file).toBe(join(sandbox.root, "home", "logs", "n1.log"));
  expect(config.adminSocket).toBe(join(sandbox.cwd, "here.sock"));
});

test("equal configurations have equal hashes, whatever said so, and different ones different", async () => {
  const sandbox = makeSandbox();
  const byDefault = await load(sandbox);
  const byFlag = await load(sandbox, { flags: { "log.level": "info" } });
  const other = await load(sandbox, { flags: { "log.level": "warn" } });
  expect(byFlag.configHash).toBe(byDefault.configHash);
  expect(other.configHash).not.toBe(byDefault.configHash);
});

test("an unknown context is not found, with the nearest name", async () => {
  const sandbox = makeSandbox();
  sandbox.write("config/raftctl/contexts.json", { contexts: { production: {} } });
  const error = await refusal(load(sandbox, { contextName: "prodution" }));
  expect(error).toMatchObject({ code: "NOT_FOUND", hint: "did you mean production?" });
});
