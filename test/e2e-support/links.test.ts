// The wires between nodes do what they say: each direction for itself, late and in order, and nobody is told.

import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { crc32 } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { parseNodeId } from "../../src/base/ids.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { FrameEncoder } from "../../src/wire/frame.ts";
import { encodeHello } from "../../src/wire/handshake.ts";
import { Links } from "../e2e/support/links.ts";

function helloOf(name: string): Uint8Array {
  const hello = {
    role: "peer" as const, clusterId: undefined, clusterIncarnation: undefined, nodeId: parseNodeId("7"), incarnation: 1, name, regions: [], expectNodeId: undefined, credentials: undefined,
  };
  return new FrameEncoder(messagePackCodec, crc32).encode(encodeHello(hello)).head.slice();
}

/** n1 has dialled n2, which has its hello; what each side has received since then. */
async function dialled(): Promise<{ links: Links; n1: Socket; n2: Socket; heard: { n1: string; n2: string } }> {
  const links = new Links();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = await links.open("n2", (server.address() as AddressInfo).port);
  const accepted = once(server, "connection");
  const n1 = connect(port, "127.0.0.1").on("error", () => undefined);
  const [n2] = (await accepted) as [Socket];
  n2.on("error", () => undefined);
  onTestFinished(async () => {
    n1.destroy();
    n2.destroy();
    await links.stop();
    server.close();
  });
  const heard = { n1: "", n2: "" };
  n1.on("data", (chunk: Buffer) => (heard.n1 += chunk.toString("latin1")));
  n2.on("data", (chunk: Buffer) => (heard.n2 += chunk.toString("latin1")));
  const hello = helloOf("n1");
  n1.write(hello.subarray(0, 5));
  n1.write(hello.subarray(5));
  await expect.poll(() => heard.n2).toBe(Buffer.from(hello).toString("latin1"));
  heard.n2 = "";
  return { links, n1, n2, heard };
}

test("what is cut in one direction is held back and comes in order when it is mended; the other direction passes, and the connection stays", async () => {
  const { links, n1, n2, heard } = await dialled();
  links.cut(["n1"], ["n2", "n3"]);
  n1.write("one ");
  n1.write("two ");
  n2.write("answer");
  await expect.poll(() => heard.n1).toBe("answer");
  expect(heard.n2).toBe("");
  links.mend();
  n1.write("three");
  await expect.poll(() => heard.n2).toBe("one two three");
  expect([n1.destroyed, n2.destroyed]).toEqual([false, false]);
});

test("a split holds back both directions, and those of others pass", async () => {
  const { links, n1, n2, heard } = await dialled();
  links.split(["n3"], ["n1", "n2"]);
  n1.write("passes");
  await expect.poll(() => heard.n2).toBe("passes");
  links.mend();
  links.split(["n1"], ["n2", "n3"]);
  n1.write(", later");
  n2.write("later");
  const another = await dialled();
  another.n1.write("meanwhile");
  await expect.poll(() => another.heard.n2).toBe("meanwhile");
  expect(heard).toEqual({ n1: "", n2: "passes" });
  links.mend();
  await expect.poll(() => heard).toEqual({ n1: "later", n2: "passes, later" });
});

test("when one end closes, the other one does", async () => {
  const { n1, n2 } = await dialled();
  const closed = once(n2, "close");
  n1.destroy();
  await closed;
});
