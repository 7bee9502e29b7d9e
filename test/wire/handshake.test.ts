import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { parseClusterId } from "../../src/base/ids.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { decodeControl, encodeDisconnect, encodePing, encodePong } from "../../src/wire/control.ts";
import {
  checkPeerHello, checkWelcome, decodeHello, decodeWelcome, encodeHello, encodeRefusal, encodeWelcome, type Hello, protocolVersion, roles,
} from "../../src/wire/handshake.ts";
import { limits } from "../../src/wire/limits.ts";
import { hello, idLargest, idOne, idPast53, refusal, welcome } from "./samples.ts";

const travel = (value: unknown): unknown => messagePackCodec.decode(messagePackCodec.encode(value, 0));
const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;
const otherCluster = parseClusterId("f".repeat(32));

test("hello and welcome survive the way, with what a client leaves out", () => {
  const client: Hello = { role: "client", clusterId: undefined, clusterIncarnation: undefined, nodeId: undefined, incarnation: 0, name: "", regions: [], expectNodeId: undefined, credentials: undefined };
  for (const said of [hello, client]) {
    const heard = decodeHello(travel(encodeHello(said)));
    expect({ ...heard, credentials: undefined }).toEqual({ ...said, credentials: undefined });
    expect(heard.credentials && [...heard.credentials]).toEqual(said.credentials && [...said.credentials]);
  }
  expect(decodeWelcome(travel(encodeWelcome(welcome)))).toEqual(welcome);
});

test("a hello always fits into the frame that is allowed before the handshake", () => {
  const largest: Hello = {
    ...hello, name: "n".repeat(limits.nameBytesMax), regions: Array.from({ length: limits.regionsPerNodeMax }, () => hello.regions[1]!),
    credentials: new Uint8Array(limits.credentialsBytesMax),
  };
  expect(messagePackCodec.encode(encodeHello(largest), 0).length).toBeLessThanOrEqual(limits.handshakeFrameBytesMax);
});

test("a refusal throws the refuser's error", () => {
  expect(() => decodeWelcome(travel(encodeRefusal(refusal)))).toThrow(expect.objectContaining({ code: "CLUSTER_MISMATCH", hint: "check the address" }) as Error);
});

test("bad magic and another protocol version are INCOMPATIBLE, whatever the other fields are (S54)", () => {
  for (const value of [null, 5, "raftctl", [], ["etcd", 1], ["RAFTCTL", protocolVersion, 1]]) expect(() => decodeHello(value)).toThrow(code("INCOMPATIBLE"));
  for (const version of [0, protocolVersion + 1, "1", null]) {
    expect(() => decodeHello(["raftctl", version, "and", "something", "from", "the future"])).toThrow(code("INCOMPATIBLE"));
    expect(() => decodeWelcome(["raftctl", version, 0])).toThrow(code("INCOMPATIBLE"));
  }
});

test("a refusal is understood from any protocol version", () => {
  expect(() => decodeWelcome(["raftctl", 99, 1, ["INCOMPATIBLE", "too old", null, null]])).toThrow("too old");
});

test("a hello with a field missing, added or wrong is refused (S14)", () => {
  const fields = encodeHello(hello);
  expect(() => decodeHello(fields.slice(0, -1))).toThrow(code("BAD_REQUEST"));
  expect(() => decodeHello([...fields, 1])).toThrow(code("BAD_REQUEST"));
  for (let at = 2; at < fields.length; at += 1) {
    expect(() => decodeHello(fields.map((field, position) => (position === at ? { odd: 1 } : field)))).toThrow(code("BAD_REQUEST"));
  }
  expect(() => decodeHello(encodeHello({ ...hello, nodeId: undefined }))).toThrow("says no nodeId");
});

test("a node of another cluster is refused with CLUSTER_MISMATCH (S11, T11)", () => {
  for (const role of ["peer", "bulk", "joiner"] as const) {
    expect(() => checkPeerHello({ ...hello, role, clusterId: otherCluster }, welcome)).toThrow(code("CLUSTER_MISMATCH"));
  }
  expect(() => checkPeerHello({ ...hello, clusterId: undefined }, welcome)).toThrow(code("CLUSTER_MISMATCH"));
  expect(() => checkPeerHello(hello, { ...welcome, clusterId: undefined })).toThrow(code("CLUSTER_MISMATCH"));
  expect(() => checkWelcome({ ...welcome, clusterId: otherCluster }, { clusterId: welcome.clusterId, clusterIncarnation: 2, nodeId: undefined })).toThrow(code("CLUSTER_MISMATCH"));
});

test("a node from before a recovery and one from after it refuse each other, whoever dials, and a probe still tells them apart (N3)", () => {
  const [before, after] = [{ ...hello, clusterIncarnation: 1 }, { ...welcome, clusterIncarnation: 1 }];
  for (const role of ["peer", "bulk", "joiner"] as const) {
    expect(() => checkPeerHello({ ...before, role }, welcome)).toThrow("recovered as incarnation 2; node n3 is of incarnation 1");
    expect(() => checkPeerHello({ ...hello, role }, after)).toThrow("this node is of incarnation 1");
    expect(() => checkPeerHello({ ...hello, role, clusterIncarnation: undefined }, welcome)).toThrow(code("CLUSTER_RECOVERED"));
  }
  const expected = { clusterId: welcome.clusterId, nodeId: undefined };
  expect(() => checkWelcome(after, { ...expected, clusterIncarnation: 2 })).toThrow(code("CLUSTER_RECOVERED"));
  expect(() => checkWelcome(welcome, { ...expected, clusterIncarnation: 1 })).toThrow(code("CLUSTER_RECOVERED"));
  checkPeerHello({ ...before, role: "probe" }, welcome);
  checkPeerHello({ ...hello, role: "joiner", clusterId: undefined, clusterIncarnation: undefined }, welcome);
});

test("a newcomer without a cluster may ask, and a probe may be from anywhere", () => {
  checkPeerHello({ ...hello, role: "joiner", clusterId: undefined }, welcome);
  checkPeerHello({ ...hello, role: "joiner" }, { ...welcome, clusterId: undefined, clusterIncarnation: undefined });
  checkPeerHello({ ...hello, role: "probe", clusterId: otherCluster, nodeId: welcome.nodeId }, welcome);
});

test("a node that dials itself, or its twin, is refused (S59)", () => {
  expect(() => checkPeerHello({ ...hello, nodeId: welcome.nodeId }, welcome)).toThrow(code("PEER_IDENTITY_MISMATCH"));
});

test("both sides notice that a wrong node answers at an address", () => {
  expect(() => checkPeerHello({ ...hello, expectNodeId: idOne }, welcome)).toThrow(code("PEER_IDENTITY_MISMATCH"));
  expect(() => checkWelcome(welcome, { clusterId: welcome.clusterId, clusterIncarnation: 2, nodeId: idOne })).toThrow(code("PEER_IDENTITY_MISMATCH"));
  checkPeerHello(hello, welcome);
  checkWelcome(welcome, { clusterId: welcome.clusterId, clusterIncarnation: 2, nodeId: idPast53 });
});

test("a client on the peer listener is sent away", () => {
  expect(() => checkPeerHello({ ...hello, role: "client" }, welcome)).toThrow(code("DENIED"));
});

test("the role numbers are what they were: they stand on the wire", () => {
  expect(roles).toEqual({ peer: 1, bulk: 2, joiner: 3, probe: 4, client: 5 });
});

test("ping, pong and the last word with its reason survive the way (U11)", () => {
  expect(decodeControl(travel(encodePing(7)) as unknown[])).toEqual({ kind: "ping", number: 7 });
  expect(decodeControl(travel(encodePong(7)) as unknown[])).toEqual({ kind: "pong", number: 7 });
  const control = decodeControl(travel(encodeDisconnect(new RaftctlError("STOPPED", "the daemon is stopping"))) as unknown[]);
  expect(control).toMatchObject({ kind: "disconnect", reason: { code: "STOPPED", message: "the daemon is stopping" } });
  for (const bad of [[0, 4, 1], [0, 1], [0, 1, -1], [0, 1, 1, 1], [0, 3, "x"]]) expect(() => decodeControl(bad)).toThrow(code("BAD_FRAME"));
  expect(idLargest).toBe("18446744073709551615");
});
