// A bundle with pseudonyms: nothing that names anybody is left, and what it says can still be followed.

import { expect, test } from "vitest";
import type { BundleContent } from "../../../src/cli/doctor/bundle-document.ts";
import { diagnose } from "../../../src/cli/doctor/diagnosis.ts";
import type { Examined } from "../../../src/cli/doctor/examined.ts";
import { redacted } from "../../../src/cli/doctor/redaction.ts";
import { changed, damaged, everywhere, formingAt, gone, healthy, leaderless, raft, withPeer, type Cluster } from "./hand-made.ts";

const secrets = ["berlin", "madrid", "oslo", "corp.example", "10.7.0.", "fd00:", "srv", "customers", "my data", "aaaaaaaa", "lisbon", "raftnodes", "riga"];
const named: Readonly<Record<string, string>> = { n1: "berlin-db", n2: "Madrid.DB", n3: "oslo" };
const hosts: Readonly<Record<string, string>> = { 1: "10.7.0.1", 2: "db2.corp.example", 3: "[fd00::7]" };

/** Three nodes with names, hosts and paths that mean something. */
function company(): Cluster {
  return everywhere(healthy(), (facts) => {
    const members = facts.raft.membership.members.map((member) => ({ ...member, name: named[member.name]!, peerAddress: `${hosts[member.id]}:7401`, clientAddress: `${hosts[member.id]}:7400` }));
    const peers = facts.peers.map((peer) => ({ ...peer, address: `${hosts[peer.id]}:7401`, knock: peer.knock.ok ? { ...peer.knock, name: named[peer.knock.name]! } : peer.knock }));
    return { ...raft(facts, { membership: { ...facts.raft.membership, members } }), name: named[facts.name]!, peers, dataDir: `/srv/my data/${facts.name}`, addresses: { peer: `${hosts[facts.nodeId]}:7401`, client: `${hosts[facts.nodeId]}:7400` } };
  });
}

function ill(): Examined[] {
  const refused = { code: "UNREACHABLE", message: "cannot connect to db2.corp.example:7401: getaddrinfo ENOTFOUND db2.corp.example" };
  const cut = { code: "UNREACHABLE", message: "cannot connect to [fd00::7]:7401: connect ECONNREFUSED fd00::7:7401" };
  const cluster = gone(gone(leaderless(company()), "n2", refused), "n3", cut);
  const worse = changed(cluster, "n1", (facts) => ({
    ...withPeer(facts, "n3", { link: { state: "closed", lastError: "connect EHOSTUNREACH 10.7.0.99:7401 - Local (10.7.0.1:51234)", rttMs: null } }),
    warnings: [{ code: "X", message: "berlin-db cannot read dns:lisbon.corp.example, /srv/customers/raft.yaml or file:/srv/customers/nodes; see https://wiki.corp.example/raft at 12:30:45; dns:raftnodes is empty; a certificate for riga" }],
  }));
  const places = [...worse.values()].map((place) => ({ ...place, place: place.place.replace(/^10\.0\.0\.(\d):/, (_found, id: string) => `${hosts[id]}:`), expected: place.expected && { ...place.expected, name: named[place.expected.name] ?? place.expected.name } }));
  const broken = damaged(healthy(), "n2", "damaged").get("n2")!;
  const directory = { ...broken, place: "/srv/my data/n2", directory: { ...broken.directory!, node: { id: "2", name: "Madrid.DB" }, message: "/srv/my data/n2/wal/0000000000000001.wal is damaged at byte 4096" } };
  const newcomer = formingAt("lisbon", { waitsFor: "2 of 3 nodes found; lisbon.corp.example:7401: connect ECONNREFUSED 10.7.0.3:7401", source: "dns:_raft._tcp.corp.example" });
  return [...places, directory, newcomer];
}

function content(examined: readonly Examined[]): BundleContent {
  const config = { name: "berlin-db", dataDir: "/srv/my data/n1", listen: { peer: "10.7.0.1:7401", client: "0.0.0.0:7400" }, advertise: { peer: "riga:7401" }, adminSocket: "/srv/my data/n1/admin.sock", raft: { electionTimeout: 1000 } };
  const origin = { name: "identity in /srv/my data/n1", "raft.electionTimeout": "file /srv/customers/raftctl.config.yaml", "listen.peer": "flag --listen-peer" };
  return { examined, diagnosis: diagnose(examined), warnings: [{ code: "X", message: "berlin-db: traffic is not encrypted (10.7.0.1:7401)" }], configurations: [{ place: "10.7.0.1:7400", config, origin, configHash: "0123456789abcdef", error: null }] };
}

test("no name, host, address, path or cluster id is left anywhere, however it was written and wherever it stood (N1)", () => {
  const original = JSON.stringify(content(ill())).toLowerCase();
  expect(secrets.filter((secret) => !original.includes(secret))).toEqual([]);
  const text = JSON.stringify(redacted(content(ill()))).toLowerCase();
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
});

test("one thing has one pseudonym throughout, ports and places in known directories stay, and the structure is the same", () => {
  const before = content(ill());
  const after = redacted(before);
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shape);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)])) : typeof value;
  };
  expect(shape(after)).toEqual(shape(before));
  const [first] = after.examined;
  const { name, dataDir, addresses, clusterId, raft: { membership, lastIndex, term } } = first!.facts!;
  expect([name, clusterId, lastIndex, term]).toEqual([expect.stringMatching(/^node-\d$/), "cluster-1", 1042, 7]);
  expect(dataDir).toMatch(/^\/path-\d$/);
  expect(membership.members[0]).toMatchObject({ name, peerAddress: addresses!.peer });
  expect(addresses!.peer).toMatch(/^host-\d:7401$/);
  expect(after.warnings[0]!.message).toBe(`${name}: traffic is not encrypted (${addresses!.peer})`);
  expect(after.configurations[0]!.config).toMatchObject({ name, dataDir, adminSocket: `${dataDir}/admin.sock`, listen: { peer: addresses!.peer }, raft: { electionTimeout: 1000 } });
  expect(JSON.stringify(after.examined)).toMatch(/\/path-\d\/wal\/0000000000000001\.wal is damaged at byte 4096/);
  const { cause, causes, candidates } = after.diagnosis;
  expect([cause, causes[0]!.id]).toEqual([before.diagnosis.cause, before.diagnosis.cause]);
  expect(candidates.map(({ text }) => text)).toContainEqual(expect.stringContaining(`${name} cannot win: needs 2 of {`));
});

test("what only looks like an address stays: versions, times, positions, settings", () => {
  const message = "raftctl 0.1.0 at 12:30:45 on 2026-11-21T20:36:00.000Z: (7,1042) > (7,1040), raft.electionTimeout 1000 ms, and/or 3/4";
  expect(redacted({ ...content([...healthy().values()]), warnings: [{ code: "X", message }] }).warnings[0]!.message).toBe(message);
});

test("a pseudonym is nobody's real name", () => {
  const cluster = changed(changed(healthy(), "n1", (facts) => ({ ...facts, name: "node-2" })), "n2", (facts) => ({ ...facts, name: "node-1" }));
  const names = redacted(content([...cluster.values()])).examined.map(({ facts }) => facts!.name);
  expect(new Set(names).size).toBe(3);
  expect(names.filter((name) => name === "node-1" || name === "node-2")).toEqual([]);
});
