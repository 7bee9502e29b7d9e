// Discovery sources as a daemon sees them: what is there, what comes and goes, and what is nonsense.

import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { ChangeReporter, changesBetween } from "../../../src/daemon/discovery/changes.ts";
import type { DiscoveredNode, Discovery, DiscoveryWatch } from "../../../src/daemon/discovery/discovery.ts";
import { openDiscovery } from "../../../src/daemon/discovery/open-discovery.ts";
import { VirtualClock } from "../../host/support/virtual-clock.ts";
import { NameServer } from "./name-server.ts";
import { Observer } from "./observer.ts";

const clock = new SystemClock();
let directory: string;
let watches: DiscoveryWatch[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "raftctl-discovery-"));
  watches = [];
});

afterEach(async () => {
  await Promise.all(watches.map((watch) => watch.close()));
  await rm(directory, { recursive: true, force: true });
});

function open(source: string, dnsServers?: readonly string[]): Discovery {
  return openDiscovery(source, { clock, intervalMs: 20, dnsServers });
}

function observe(discovery: Discovery): Observer {
  const observer = new Observer();
  watches.push(discovery.watch(observer));
  return observer;
}

const addresses = async (discovery: Discovery): Promise<string[]> => (await discovery.lookup()).map(({ address }) => address);

describe("static (S17)", () => {
  test("says what it was given, once and in one way of writing", async () => {
    const discovery = open("static:N1.example:7401,[::1]:7402,n1.example:7401");
    expect(await addresses(discovery)).toEqual(["n1.example:7401", "[::1]:7402"]);
    expect(observe(discovery).changes).toEqual([{ added: ["n1.example:7401", "[::1]:7402"], removed: [] }]);
  });

  test("what is wrong in it is named with its place (T18)", () => {
    expect(() => open("static:a:1,b")).toThrow('static discovery, entry 2: "b" is not host:port with a port from 1 to 65535');
  });
});

describe("file (S17)", () => {
  test("a node a line, with its regions where they are said (S78)", async () => {
    const file = join(directory, "nodes");
    await writeFile(file, "# the old ones\n10.0.0.1:7401 global,eu\n\n10.0.0.2:7401   # new\r\n");
    expect(await open(`file:${file}`).lookup()).toEqual([
      { address: "10.0.0.1:7401", regions: ["global", "eu"] },
      { address: "10.0.0.2:7401", regions: undefined },
    ]);
  });

  test("what is written to it, renamed over it or swapped behind a link is told as what has come and gone (S70)", async () => {
    const file = join(directory, "nodes");
    await writeFile(file, "a:1\nb:1\n");
    const observer = observe(open(`file:${file}`));
    await observer.until(() => observer.present.length === 2);
    await writeFile(file, "b:1\nc:1\n");
    await observer.until(() => observer.present.includes("c:1") && !observer.present.includes("a:1"));
    await writeFile(`${file}.new`, "d:1\n");
    await rename(`${file}.new`, file);
    await observer.until(() => observer.present.join() === "d:1");
    expect(observer.failures).toEqual([]);
  });

  test("a mounted ConfigMap, where a link beside the file is swapped, is followed (S70)", async () => {
    const file = join(directory, "nodes");
    for (const [version, content] of [["1", "a:1\n"], ["2", "b:1\n"]] as const) {
      await mkdir(join(directory, `..${version}`));
      await writeFile(join(directory, `..${version}`, "nodes"), content);
    }
    await symlink("..1", join(directory, "..data"));
    await symlink("..data/nodes", file);
    const observer = observe(open(`file:${file}`));
    await observer.until(() => observer.present.join() === "a:1");
    await symlink("..2", join(directory, "..new"));
    await rename(join(directory, "..new"), join(directory, "..data"));
    await observer.until(() => observer.present.join() === "b:1");
    await unlink(file);
  });

  test("a file that says nonsense changes nothing and is told once, with its line (T18)", async () => {
    const file = join(directory, "nodes");
    await writeFile(file, "a:1\n");
    const observer = observe(open(`file:${file}`));
    await observer.until(() => observer.present.length === 1);
    await writeFile(file, "a:1\nnot an address\n");
    await observer.until(() => observer.failures.length > 0);
    expect(observer.failures[0]).toBe(`${file}, line 2: "not an address" has more than an address and its regions`);
    await writeFile(file, "a:1\nb:1\n");
    await observer.until(() => observer.present.length === 2);
    expect([observer.changes.length, observer.failures.length]).toEqual([2, 1]);
  });

  test("a file that is empty for a moment, because it is written anew, has nobody come and go (S70, S91)", async () => {
    const file = join(directory, "nodes");
    await writeFile(file, "");
    expect(await open(`file:${file}`).lookup()).toEqual([]);
    await writeFile(file, "a:1\n");
    const observer = observe(open(`file:${file}`));
    await observer.until(() => observer.present.length === 1);
    for (const nodes of ["a:1\nb:1\n", "a:1\nc:1\n", "# nobody\n"]) {
      await writeFile(file, "");
      await writeFile(file, nodes);
      await observer.until(() => observer.present.join("\n") === nodes.replace("# nobody", "").trim());
    }
    expect(observer.changes).toEqual([{ added: ["a:1"], removed: [] }, { added: ["b:1"], removed: [] }, { added: ["c:1"], removed: ["b:1"] }, { added: [], removed: ["a:1", "c:1"] }]);
  });

  test("a file that is not there is said so, and found when it comes", async () => {
    const file = join(directory, "nodes");
    const discovery = open(`file:${file}`);
    await expect(discovery.lookup()).rejects.toMatchObject({ code: "NOT_FOUND" });
    const observer = observe(discovery);
    await observer.until(() => observer.failures.length > 0);
    await writeFile(file, "a:1\n");
    await observer.until(() => observer.present.join() === "a:1");
  });

  test("a file without end and a list without end are refused (T5)", async () => {
    const file = join(directory, "nodes");
    await writeFile(file, "#".repeat(300_000));
    await expect(open(`file:${file}`).lookup()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: `the discovery file ${file} has more than 262144 bytes` });
    await expect(open("file:/dev/zero").lookup()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: "the discovery file /dev/zero is not a file" });
    await writeFile(file, Array.from({ length: 300 }, (_, number) => `n${number}:1`).join("\n"));
    await expect(open(`file:${file}`).lookup()).rejects.toThrow("more than 256 nodes");
  });
});

describe("dns (S17)", () => {
  let server: NameServer;
  let servers: string[];

  beforeEach(async () => {
    server = new NameServer();
    servers = [await server.start()];
  });

  afterEach(() => server.stop());

  test("A and AAAA records, with one port for all", async () => {
    server.hosts.set("nodes.example", { v4: ["10.0.0.2", "10.0.0.1"], v6: ["fd00::1"] });
    expect(await addresses(open("dns:Nodes.example:7777", servers))).toEqual(["10.0.0.1:7777", "10.0.0.2:7777", "[fd00::1]:7777"]);
    expect(await addresses(open("dns:nodes.example", servers))).toContain("10.0.0.1:7401");
  });

  test("SRV records say name and port", async () => {
    server.services.set("_raftctl._tcp.example", [{ name: "n1.example", port: 7411 }, { name: "n2.example", port: 7412 }]);
    expect(await addresses(open("dns:_raftctl._tcp.example", servers))).toEqual(["n1.example:7411", "n2.example:7412"]);
  });

  test("a service that is said to be nowhere has no records (RFC 2782)", async () => {
    server.services.set("_raftctl._tcp.example", [{ name: "", port: 0 }]);
    expect(await addresses(open("dns:_raftctl._tcp.example", servers))).toEqual([]);
  });

  test("half of a list is none: when one of the two families cannot be asked, nothing is found (S71)", async () => {
    server.hosts.set("nodes.example", { v4: ["10.0.0.1"] });
    server.failingTypes.add("AAAA");
    await expect(open("dns:nodes.example", servers).lookup()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test("what is no name server is said so", async () => {
    await expect(open("dns:nodes.example", ["nonsense"]).lookup()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("nonsense") as string });
  });

  test("a name without records is an empty list; a server that fails is a failure", async () => {
    expect(await addresses(open("dns:nobody.example", servers))).toEqual([]);
    server.failing = true;
    await expect(open("dns:nobody.example", servers).lookup()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test("a record that is added or removed is a changeset within the interval; a failing server changes nothing (S70, S91)", async () => {
    server.hosts.set("nodes.example", { v4: ["10.0.0.1", "10.0.0.2"] });
    const observer = observe(open("dns:nodes.example", servers));
    await observer.until(() => observer.changes.length === 1);
    server.failing = true;
    await observer.until(() => observer.failures.length > 0);
    server.failing = false;
    server.hosts.set("nodes.example", { v4: ["10.0.0.2", "10.0.0.3"] });
    await observer.until(() => observer.changes.length === 2);
    expect(observer.changes).toEqual([
      { added: ["10.0.0.1:7401", "10.0.0.2:7401"], removed: [] },
      { added: ["10.0.0.3:7401"], removed: ["10.0.0.1:7401"] },
    ]);
    expect(observer.failures).toHaveLength(1);
  });

  test("a watch that is closed asks no more", async () => {
    server.hosts.set("nodes.example", { v4: ["10.0.0.1"] });
    const virtual = new VirtualClock();
    const observer = new Observer();
    const watch = openDiscovery("dns:nodes.example", { clock: virtual, intervalMs: 1_000, dnsServers: servers }).watch(observer);
    await observer.until(() => observer.changes.length === 1);
    await watch.close();
    const { questions } = server;
    await virtual.advance(10_000);
    await open("dns:other.example", servers).lookup();
    expect(server.questions).toBe(questions + 2);
  });
});

test("a node whose regions have changed has gone and come (S78)", () => {
  const [before, after] = [{ address: "a:1", regions: ["global"] }, { address: "a:1", regions: ["global", "eu"] }];
  expect(changesBetween([before], [after])).toEqual({ added: [after], removed: [before] });
  expect(changesBetween([after], [{ address: "a:1", regions: ["eu", "global"] }])).toEqual({ added: [], removed: [] });
});

test.each([
  "", "static", "static:", "static:a", "static:a:0", "static:a:99999", "file:", "dns:", "dns:a:b", "dns:a:1:2", "dns:-a", "dns:a b", "dns:_s._tcp.a:1", "consul:x", "dns:" + "a".repeat(300),
])("%j is refused with what is wanted (T18)", (source) => {
  expect(() => open(source)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

test("however often a look is asked for while one is under way, there is one more, which sees all (S70)", async () => {
  const looks: ((found: readonly DiscoveredNode[]) => void)[] = [];
  const observer = new Observer();
  const reporter = new ChangeReporter(() => new Promise((resolve) => looks.push(resolve)), observer);
  const first = reporter.look();
  await Promise.resolve();
  const asked = Array.from({ length: 100 }, () => reporter.look());
  looks[0]!([{ address: "a:1", regions: undefined }]);
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  expect(looks).toHaveLength(2);
  looks[1]!([{ address: "b:1", regions: undefined }]);
  await Promise.all(asked);
  expect(observer.changes).toEqual([{ added: ["a:1"], removed: [] }, { added: ["b:1"], removed: ["a:1"] }]);
  const last = reporter.look();
  await new Promise((resolve) => setImmediate(resolve));
  looks[2]!([]);
  await last;
  expect(observer.present).toEqual([]);
});
