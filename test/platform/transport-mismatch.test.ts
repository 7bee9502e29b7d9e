// A node that speaks TCP and one that speaks HTTP do not understand each other, and both say so: in one line, with the setting that helps.

import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { HttpTransport } from "../../src/platform/http-transport.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { TcpTransport } from "../../src/platform/tcp-transport.ts";
import { region, TransportCluster, type TestNode } from "../../src/conformance/transport-cluster.ts";

const address = { host: "127.0.0.1", port: 0 };
const clock = new SystemClock();
const tcp = new TransportCluster(({ identity, directory }) => new TcpTransport({ clock, prng: new Prng(1), identity, directory, address }));
const http = new TransportCluster(({ identity, directory }) => new HttpTransport({ identity, directory, address }));
afterEach(() => Promise.all([tcp.stop(), http.stop()]));

const limit = { timeoutMs: 5_000 };
const refusal = { code: "INCOMPATIBLE", message: expect.stringMatching(/^[^\n]*HTTP[^\n]*$/), hint: expect.stringContaining("peer.transport") };

async function strangers(): Promise<{ overTcp: TestNode; overHttp: TestNode }> {
  const [overTcp, overHttp] = [await tcp.add("1"), await http.add("2")];
  tcp.addresses.set(overHttp.id, overHttp.address());
  http.addresses.set(overTcp.id, overTcp.address());
  return { overTcp, overHttp };
}

const readIndex = (from: TestNode, to: TestNode): Promise<unknown> => from.transport.network.forGroup(region).readIndex(to.id, { type: "readIndex", timeoutMs: 5_000 }, limit);

test("a node over TCP is told by one over HTTP what differs (S5, S125)", async () => {
  const { overTcp, overHttp } = await strangers();
  await expect(readIndex(overTcp, overHttp)).rejects.toMatchObject(refusal);
  await expect(overTcp.transport.probe(overHttp.address(), limit)).rejects.toMatchObject(refusal);
  expect(overTcp.transport.stats.peers[0]!.lastError).toContain("HTTP");
  expect(overHttp.received).toEqual([]);
});

test("a node over HTTP is told by one over TCP what differs (S5, S125)", async () => {
  const { overTcp, overHttp } = await strangers();
  await expect(readIndex(overHttp, overTcp)).rejects.toMatchObject(refusal);
  await expect(overHttp.transport.probe(overTcp.address(), limit)).rejects.toMatchObject(refusal);
  expect(overHttp.transport.stats.peers[0]!.lastError).toContain("HTTP");
  expect(overTcp.received).toEqual([]);
});

test("a client of the one protocol at the other's door hears the same, and curl can read it", async () => {
  const { overTcp, overHttp } = await strangers();
  const [, port] = overHttp.address().split(":");
  await expect(RequestConnection.connect({ host: "127.0.0.1", port: Number(port) }, { clock, clientName: "c", timeoutMs: 5_000 })).rejects.toMatchObject(refusal);
  for (const method of ["GET", "PUT", "DELETE", "POST", "HEAD", "OPTIONS", "PATCH"]) {
    const answer = await textFrom(overTcp.address(), `${method} /v1/status HTTP/1.1\r\nhost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*INCOMPATIBLE.*listen\.http/s);
  }
  expect(await textFrom(overTcp.address(), "GIT / HTTP/1.1\r\n\r\n")).toBe("");
});

function textFrom(listener: string, sent: string): Promise<string> {
  const [host, port] = listener.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => socket.write(sent));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
