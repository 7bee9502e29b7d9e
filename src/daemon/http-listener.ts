// The listener for clients that speak HTTP, if the configuration wants one. Its code is loaded only then.

import type { Logger } from "../base/logger.ts";
import { parseAddress } from "../config/address.ts";
import { readNetworks } from "../config/network.ts";
import type { Config } from "../config/schema.ts";
import type { HttpDoor, HttpDoorOptions } from "../http/http-door.ts";
import { openFilesMax } from "../platform/open-files.ts";
import { httpConnectionsMax } from "./connection-budget.ts";

export async function startHttpListener(config: Config, logger: Logger, options: Pick<HttpDoorOptions, "clock" | "identity" | "onRequest" | "onDisconnect" | "leaderElsewhere">): Promise<HttpDoor | undefined> {
  const { listen, http, network } = config;
  if (listen.http === undefined) return undefined;
  const connectionsMax = httpConnectionsMax(http.connectionsMax, await openFilesMax());
  if (connectionsMax < http.connectionsMax) logger.warn({ connectionsMax, wanted: http.connectionsMax }, "the limit of open files allows fewer HTTP connections than configured");
  const { HttpDoor: Door } = await import("../http/http-door.ts");
  const door = new Door({
    ...options, address: parseAddress(listen.http), connectionsMax, connectionsPerAddressMax: http.connectionsPerAddressMax, inFlightPerConnectionMax: network.requestsInFlightMax,
    allowedNetworks: http.allowedNetworks === undefined ? undefined : readNetworks(http.allowedNetworks),
  });
  await door.start();
  return door;
}
