// Free TCP ports on loopback, below the range from which the kernel takes the ports of outgoing connections, so that a port stays free between
// being chosen and being listened on, and between a daemon's death and its restart. Each process of the test run begins elsewhere in the range.

import { createServer } from "node:net";

const [first, last] = [17_000, 31_999];
let next = first + ((process.pid * 61) % (last - first));

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < last - first; tries += 1) {
    next = next >= last ? first : next + 1;
    if (await isFree(next)) return next;
  }
  throw new Error(`no free port from ${first} to ${last}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => { resolve(false); });
    server.listen(port, "127.0.0.1", () => { server.close(() => { resolve(true); }); });
  });
}
