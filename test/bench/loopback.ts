// The round trip of a small message between two processes over loopback: the floor under everything that asks a node.

import { execa } from "execa";
import { once } from "node:events";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { LatencyHistogram } from "../../src/cli/check/latency-histogram.ts";

const warmUpTrips = 100;
const echo = `
  const server = require("node:net").createServer((socket) => { socket.setNoDelay(true); socket.pipe(socket); socket.on("error", () => undefined); });
  server.listen(0, "127.0.0.1", () => process.stdout.write(server.address().port + "\\n"));
  process.stdin.resume().on("end", () => process.exit());
`;

/** p50, ms. */
export async function loopbackRoundTripMs(bytes: number, seconds: number): Promise<number> {
  const child = execa(process.execPath, ["-e", echo], { cleanup: true, reject: false, stdio: ["pipe", "pipe", "ignore"], buffer: false });
  try {
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const socket = connect({ host: "127.0.0.1", port: Number(port.toString()), noDelay: true });
    await once(socket, "connect");
    const histogram = new LatencyHistogram();
    const message = Buffer.alloc(bytes, 1);
    const endMs = performance.now() + seconds * 1000;
    for (let trip = 0; performance.now() < endMs || trip <= warmUpTrips; trip += 1) {
      const began = performance.now();
      socket.write(message);
      for (let received = 0; received < bytes;) received += ((await once(socket, "data")) as [Buffer])[0].length;
      if (trip >= warmUpTrips) histogram.record(performance.now() - began);
    }
    socket.destroy();
    return histogram.percentile(50);
  } finally {
    child.kill("SIGKILL");
    await child;
  }
}
