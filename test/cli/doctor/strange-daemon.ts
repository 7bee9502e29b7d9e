// A listener that shakes hands like a daemon and then answers whatever a test wants, understood or not.

import { onTestFinished } from "vitest";
import { globalRegion, parseClusterId, parseNodeId } from "../../../src/base/ids.ts";
import { RequestServer } from "../../../src/platform/request-server.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import type { ClientResponse } from "../../../src/wire/client-protocol.ts";

/** @param answer to an admin method, from the endpoint at which it is asked; may throw. @returns the endpoint */
export async function strangeDaemon(answer: (method: string, endpoint: string) => unknown): Promise<string> {
  const identity = { clusterId: parseClusterId("a".repeat(32)), clusterIncarnation: 1, nodeId: parseNodeId("1"), incarnation: 1, name: "n1", regions: [globalRegion], version: "0.1.0" };
  const server: RequestServer = new RequestServer({
    clock: new SystemClock(), name: "client", address: { host: "127.0.0.1", port: 0 }, identity,
    onRequest: async (request): Promise<ClientResponse> => ({ operation: "admin", result: answer(request.operation === "admin" ? request.method : "", endpointOf(server)) }),
  });
  await server.start();
  onTestFinished(() => server.stop(0));
  return endpointOf(server);
}

function endpointOf({ address }: RequestServer): string {
  return "port" in address ? `${address.host}:${address.port}` : address.path;
}
