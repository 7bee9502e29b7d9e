// The listener for clients: as many connections as are configured, or as the process may have open files for.

import type { Config } from "../config/schema.ts";
import type { Logger } from "../base/logger.ts";
import { openFilesMax } from "../platform/open-files.ts";
import { RequestServer, type RequestServerOptions } from "../platform/request-server.ts";
import { listenAddress } from "./addresses.ts";
import { clientConnectionsMax, httpConnectionsMax } from "./connection-budget.ts";

export async function startClientListener({ network, listen, http }: Config, logger: Logger, options: Pick<RequestServerOptions, "clock" | "identity" | "onRequest" | "onDisconnect">): Promise<RequestServer> {
  const openFiles = await openFilesMax();
  const connectionsMax = clientConnectionsMax(network.clientConnectionsMax, openFiles, listen.http === undefined ? 0 : httpConnectionsMax(http.connectionsMax, openFiles));
  if (connectionsMax < network.clientConnectionsMax) logger.warn({ connectionsMax, wanted: network.clientConnectionsMax }, "the limit of open files allows fewer client connections than configured");
  const server = new RequestServer({
    ...options, name: "client", address: listenAddress(listen.client),
    limits: { inFlightPerConnectionMax: network.requestsInFlightMax, handshakeTimeoutMs: network.handshakeTimeout, connectionsMax, connectionsPerAddressMax: connectionsMax },
  });
  await server.start();
  return server;
}
