// A node of which the others see only a proxy: everything that they send to it can be counted, delayed, damaged and cut.

import { onTestFinished } from "vitest";
import type { TestCluster } from "./cluster.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import { freePort } from "./ports.ts";
import { TcpProxy } from "./tcp-proxy.ts";

export interface Hidden {
  readonly hidden: DaemonProcess;
  readonly proxy: TcpProxy;
  /** Of the proxy. */
  readonly port: number;
}

/** A further node of the cluster, which is not started yet. */
export async function nodeBehindProxy(cluster: TestCluster): Promise<Hidden> {
  const port = await freePort();
  const hidden = await cluster.newNode({ advertise: { peer: `127.0.0.1:${port}` } });
  const proxy = await TcpProxy.start(hidden.place.peerPort, port);
  onTestFinished(() => proxy.stop());
  return { hidden, proxy, port };
}
