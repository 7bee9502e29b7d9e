// What the modules of the network may know of each other, read from their imports, and what their types may hold.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectTypeOf, test } from "vitest";
import type { RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport } from "../../src/host/transport.ts";
import type { NodeId } from "../../src/base/ids.ts";
import { HttpTransport } from "../../src/platform/http-transport.ts";
import { TcpTransport } from "../../src/platform/tcp-transport.ts";
import type { PeerCalls } from "../../src/wire/peer-protocol.ts";

const source = new URL("../../src", import.meta.url).pathname;

function importsOf(file: string): string[] {
  return [...readFileSync(join(source, file), "utf8").matchAll(/^(?:import|export) [^;]*?from "([^"]+)";/gms)].map((match) => match[1]!);
}

/** Every module of src/platform that a module imports, directly or not. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  for (const target of importsOf(join("platform", file))) {
    const name = /^\.\/([^/]+)$/.exec(target)?.[1];
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    reachable(name, seen);
  }
  return seen;
}

test.each(["tcp", "http"])("the sender and the receiver of %s do not know each other (S2, S127)", (kind) => {
  expect(reachable(`${kind}-sender.ts`)).not.toContain(`${kind}-receiver.ts`);
  expect(reachable(`${kind}-receiver.ts`)).not.toContain(`${kind}-sender.ts`);
  expect([...reachable(`${kind}-transport.ts`)]).toEqual(expect.arrayContaining([`${kind}-sender.ts`, `${kind}-receiver.ts`]));
});

test("a sender listens to nothing and a receiver dials nobody (S4)", () => {
  for (const sender of ["tcp-sender.ts", "http-sender.ts"]) {
    expect(reachable(sender)).not.toContain("listener.ts");
    expect(readFileSync(join(source, "platform", sender), "utf8")).not.toContain("createServer");
  }
  expect(reachable("tcp-receiver.ts")).not.toContain("peer-link.ts");
  expect(readFileSync(join(source, "platform", "http-receiver.ts"), "utf8")).not.toMatch(/openRequest|Agent/);
});

test("sockets, TLS and HTTP are used in src/platform, and a floor below imports none of them (S3, S52)", () => {
  const offenders: string[] = [];
  let modules = 0;
  for (const folder of ["base", "raft", "wire", "storage", "machine", "host"]) {
    for (const file of readdirSync(join(source, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))) {
      modules += 1;
      if (importsOf(join(folder, file)).some((target) => target.startsWith("node:"))) offenders.push(join(folder, file));
    }
  }
  expect(modules).toBeGreaterThan(40);
  expect(offenders).toEqual([]);
});

test("the network sends only: no listen, accept or handler, one method per message type, all of one shape (S4, S7, S129)", () => {
  expectTypeOf<keyof RaftNetwork>().toEqualTypeOf<"forGroup">();
  expectTypeOf<keyof RaftClusterMember>().toEqualTypeOf<keyof PeerCalls>();
  expectTypeOf<keyof RaftReceiver>().toEqualTypeOf<keyof PeerCalls>();
  expectTypeOf<RaftClusterMember["appendEntries"]>().toEqualTypeOf<
    (target: NodeId, rpc: PeerCalls["appendEntries"]["request"], options: RpcOptions) => Promise<PeerCalls["appendEntries"]["response"]>
  >();
  expectTypeOf<RpcOptions>().toEqualTypeOf<{ readonly timeoutMs: number; readonly signal?: AbortSignal }>();
});

test("one Transport owns both directions (S128)", () => {
  expectTypeOf(TcpTransport).instance.toExtend<Transport>();
  expectTypeOf(HttpTransport).instance.toExtend<Transport>();
});
