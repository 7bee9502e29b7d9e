// The admin socket: the same requests as on the client listener, from whoever may open a file of this user (mode 0600).

import { prepareSocketDirectory } from "../config/socket-path.ts";
import type { Config } from "../config/schema.ts";
import { RequestServer, type RequestServerOptions } from "../platform/request-server.ts";

export async function startAdminServer({ adminSocket, network }: Config, options: Pick<RequestServerOptions, "clock" | "identity" | "onRequest" | "onDisconnect">): Promise<RequestServer> {
  const limits = { inFlightPerConnectionMax: network.requestsInFlightMax, handshakeTimeoutMs: network.handshakeTimeout };
  const server = new RequestServer({ ...options, name: "admin", address: { path: adminSocket }, limits });
  prepareSocketDirectory(adminSocket, process.env);
  await server.start();
  return server;
}
