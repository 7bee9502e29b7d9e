// The wire that tests spoil does what it says, so that a test that passes behind it has passed for the right reason.

import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { TcpProxy } from "../e2e/support/tcp-proxy.ts";

async function echoBehindProxy(): Promise<{ proxy: TcpProxy; open: () => Socket; dial: () => Promise<Socket> }> {
  const echo = createServer((socket) => { socket.on("error", () => undefined).pipe(socket); });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const proxy = await TcpProxy.start((echo.address() as AddressInfo).port);
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await proxy.stop();
    echo.close();
  });
  const open = (): Socket => {
    const socket = connect(proxy.port, "127.0.0.1");
    sockets.push(socket);
    return socket.on("error", () => undefined);
  };
  const dial = async (): Promise<Socket> => {
    const socket = open();
    await once(socket, "connect");
    return socket;
  };
  return { proxy, open, dial };
}

async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString("latin1");
}

/** Whether by a reset or not. */
function socketClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve(); else socket.once("close", () => { resolve(); });
  });
}

test("it passes bytes in both directions and counts connections", async () => {
  const { proxy, dial } = await echoBehindProxy();
  const [first, second] = [await dial(), await dial()];
  expect(await exchange(first, "one")).toBe("one");
  expect(await exchange(second, "two")).toBe("two");
  expect(proxy.connectionsTotal).toBe(2);
});

test("it flips exactly one bit, once, in the direction asked for", async () => {
  const { proxy, dial } = await echoBehindProxy();
  const socket = await dial();
  proxy.flipBit("toDialler");
  expect(await exchange(socket, "abcde")).toBe("absde");
  expect(await exchange(socket, "abcde")).toBe("abcde");
});

test("a cut resets what is open and what is dialled, until it is mended", async () => {
  const { proxy, open, dial } = await echoBehindProxy();
  const socket = await dial();
  await exchange(socket, "x");
  const gone = socketClosed(socket);
  proxy.cut();
  await gone;
  await socketClosed(open());
  proxy.mend();
  expect(await exchange(await dial(), "y")).toBe("y");
});

test("it holds bytes back and keeps their order", async () => {
  const { proxy, dial } = await echoBehindProxy();
  const socket = await dial();
  await exchange(socket, "warm");
  proxy.delay(40);
  const start = performance.now();
  socket.write("a");
  setImmediate(() => socket.write("b"));
  let received = "";
  while (received.length < 2) received += String(((await once(socket, "data")) as [Buffer])[0]);
  expect(received).toBe("ab");
  expect(performance.now() - start).toBeGreaterThanOrEqual(79);
});
