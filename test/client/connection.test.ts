import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { addressText } from "../../src/client/channel.ts";
import type { Channel, Dial } from "../../src/client/channel.ts";
import { Connection } from "../../src/client/connection.ts";
import { Deadline } from "../../src/client/deadline.ts";
import type { ClientRequest, ClientResponse } from "../../src/wire/client-protocol.ts";

const request = (timeoutMs: number): ClientRequest => ({ operation: "admin", region: globalRegion, method: "version", params: {}, timeoutMs });
const answer: ClientResponse = { operation: "admin", result: {} };
const lost = (sent: boolean): RaftctlError => new RaftctlError("CONNECTION_LOST", "gone", { details: { sent } });

/** Servers by address; what each does with a call can be changed by the test. */
class Servers {
  readonly dialled: string[] = [];
  readonly down = new Set<string>();
  readonly calls: string[] = [];
  readonly behaviour = new Map<string, () => Promise<ClientResponse>>();
  /** Messages that have arrived from each. */
  readonly heard = new Map<string, number>();

  readonly dial: Dial = async (address) => {
    const name = addressText(address);
    this.dialled.push(name);
    if (this.down.has(name)) throw new RaftctlError("UNREACHABLE", `cannot connect to ${name}`);
    return this.#channel(name);
  };

  #channel(name: string): Channel {
    const heardOf = (): number => this.heard.get(name) ?? 0;
    let closed = false;
    return {
      server: { clusterId: undefined, nodeId: "1", name, version: "0" },
      get closed() {
        return closed;
      },
      get heard() {
        return heardOf();
      },
      call: async () => {
        this.calls.push(name);
        return this.behaviour.get(name)?.() ?? answer;
      },
      close: () => {
        closed = true;
      },
    };
  }
}

function connect(servers: Servers, endpoints: readonly string[]): Connection {
  return Connection.to({ addresses: endpoints.map((endpoint) => ({ endpoint })), dial: servers.dial, origin: "test" });
}

test("a request that was provably not sent goes to the next address; one that was sent does not (S83)", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a", "b"]);
  servers.behaviour.set("a", () => Promise.reject(lost(false)));
  await expect(connection.call(request, new Deadline(1000))).resolves.toBe(answer);
  expect(servers.calls).toEqual(["a", "b"]);
  servers.behaviour.set("b", () => Promise.reject(lost(true)));
  await expect(connection.call(request, new Deadline(1000))).rejects.toMatchObject({ code: "CONNECTION_LOST", details: { sent: true } });
  expect(servers.calls).toEqual(["a", "b", "b"]);
});

test("when every address loses it unsent, the call ends and says that nobody was reached", async () => {
  const servers = new Servers();
  for (const name of ["a", "b"]) servers.behaviour.set(name, () => Promise.reject(lost(false)));
  await expect(connect(servers, ["a", "b"]).call(request, new Deadline(1000))).rejects.toMatchObject({ code: "UNREACHABLE" });
  expect(servers.calls.length).toBeLessThanOrEqual(3);
});

test("after a broken connection the known leader's address is dialled first, and the broken one last (S109)", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["b", "c", "a"]);
  servers.down.add("b").add("c");
  await connection.call(request, new Deadline(1000));
  connection.hintLeader("a");
  servers.down.clear();
  for (const name of ["a", "b"]) {
    servers.behaviour.set(name, () => Promise.reject(lost(true)));
    await expect(connection.call(request, new Deadline(1000))).rejects.toThrow("gone");
    servers.behaviour.delete(name);
    if (name === "a") await connection.call(request, new Deadline(1000));
  }
  await connection.call(request, new Deadline(1000));
  expect(servers.dialled).toEqual(["b", "c", "a", "b", "a"]);
});

test("concurrent first calls share one connection", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a"]);
  await Promise.all([1, 2, 3].map(() => connection.call(request, new Deadline(1000))));
  expect(servers.dialled).toEqual(["a"]);
});

test("a refusal of who we are is an answer, not a reason to try elsewhere", async () => {
  const servers = new Servers();
  const refuse: Dial = () => Promise.reject(new RaftctlError("INCOMPATIBLE", "protocol 9"));
  const connection = Connection.to({ addresses: [{ endpoint: "a" }, { endpoint: "b" }], dial: refuse, origin: "test" });
  await expect(connection.call(request, new Deadline(1000))).rejects.toMatchObject({ code: "INCOMPATIBLE" });
  expect(servers.dialled).toEqual([]);
});

const timedOut = new RaftctlError("TIMEOUT", "no answer", { details: { sent: true } });

test("a call that waits in vain on a connection on which nothing arrives sends the next calls elsewhere, until that one is heard of again", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a", "b"]);
  servers.behaviour.set("a", () => Promise.reject(timedOut));
  await expect(connection.call(request, new Deadline(1000))).rejects.toBe(timedOut);
  await connection.call(request, new Deadline(1000));
  expect([servers.calls, servers.dialled]).toEqual([["a", "b"], ["a", "b"]]);
  servers.behaviour.delete("a");
  servers.heard.set("a", 1);
  servers.behaviour.set("b", () => Promise.reject(lost(false)));
  await connection.call(request, new Deadline(1000));
  expect([servers.calls, servers.dialled]).toEqual([["a", "b", "b", "a"], ["a", "b"]]);
});

test("what is silent is dialled after everybody else, and is dialled anew when nobody else is there", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a", "b", "c"]);
  await connection.call(request, new Deadline(1000));
  connection.hintLeader("a");
  servers.behaviour.set("a", () => Promise.reject(timedOut));
  await expect(connection.call(request, new Deadline(1000))).rejects.toBe(timedOut);
  await connection.call(request, new Deadline(1000));
  for (const name of ["b", "c"]) servers.behaviour.set(name, () => Promise.reject(lost(true)));
  await expect(connection.call(request, new Deadline(1000))).rejects.toThrow("gone");
  await expect(connection.call(request, new Deadline(1000))).rejects.toThrow("gone");
  expect(servers.dialled).toEqual(["a", "b", "c"]);
  servers.down.add("b").add("c");
  servers.behaviour.clear();
  await connection.call(request, new Deadline(1000));
  expect(servers.dialled).toEqual(["a", "b", "c", "b", "c", "a"]);
});

test("a server that says by itself that the time is over is not silent, and a call with next to no time proves nothing", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a", "b"]);
  servers.behaviour.set("a", () => Promise.reject(timedOut));
  await expect(connection.call(request, new Deadline(100))).rejects.toBe(timedOut);
  servers.behaviour.set("a", () => {
    servers.heard.set("a", 1);
    return Promise.reject(timedOut);
  });
  await expect(connection.call(request, new Deadline(1000))).rejects.toBe(timedOut);
  servers.behaviour.clear();
  await connection.call(request, new Deadline(1000));
  expect(servers.calls).toEqual(["a", "a", "a"]);
});

test("there is one connection to a daemon, whoever asks there: all addresses together or each alone (S109)", async () => {
  const servers = new Servers();
  const connection = connect(servers, ["a", "b"]);
  const everyone = [connection, ...connection.separately, ...connection.separately];
  await Promise.all(everyone.map((each) => each.call(request, new Deadline(1000))));
  expect(servers.dialled.toSorted()).toEqual(["a", "b"]);
  connection.close();
  for (const each of everyone) await expect(each.call(request, new Deadline(1000))).rejects.toMatchObject({ code: "STOPPED" });
});
