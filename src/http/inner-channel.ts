// A client's connection without a socket: to the daemon in the same process. So what HTTP asks goes through the client and through the door of the client
// listener, with every check, and is answered as it is over TCP.

import { AssertionFailure } from "../base/assert.ts";
import type { Channel, Dial } from "../client/channel.ts";
import type { ClientConnection, RequestServerOptions } from "../platform/request-server.ts";
import { decodeClientRequest, encodeClientRequest } from "../wire/client-requests.ts";
import type { LocalIdentity } from "../wire/handshake.ts";

export interface InnerServer {
  /** As the client listener's. */
  readonly onRequest: RequestServerOptions["onRequest"];
  readonly onDisconnect?: RequestServerOptions["onDisconnect"];
  readonly identity: LocalIdentity;
}

/** Each dialling is a connection of its own, which ends with its client. */
export function innerDial(server: InnerServer): Dial {
  return async () => innerChannel(newAsker(), server);
}

/** One connection for all who dial, for as long as there is the server: what one of them has opened another may use. */
export function lastingDial({ onRequest, identity }: InnerServer): Dial {
  const asker = newAsker();
  return async () => innerChannel(asker, { onRequest, identity });
}

function newAsker(): ClientConnection {
  return { clientName: "http", remoteAddress: undefined, credentials: undefined };
}

function innerChannel(asker: ClientConnection, { onRequest, onDisconnect, identity }: InnerServer): Channel {
  let heard = 0;
  return {
    server: identity,
    closed: false,
    get heard() {
      return heard;
    },
    // The fields are those of the wire, so that the same bounds are checked.
    call: async (request) => {
      try {
        return await onRequest(decodeClientRequest(encodeClientRequest(request)), asker);
      } catch (error) {
        if (error instanceof AssertionFailure) endProcess(error);
        throw error;
      } finally {
        heard += 1;
      }
    },
    close: () => onDisconnect?.(asker),
  };
}

/** Our own bug is no answer; and the client would make one of it. */
function endProcess(bug: AssertionFailure): void {
  queueMicrotask(() => {
    throw bug;
  });
}
