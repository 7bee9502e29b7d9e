// Where clients come in: the listener of the protocol, the one of HTTP when there is one, and behind both the watches that wait and the
// states that are held for who reads page by page.

import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/schema.ts";
import type { Host, HostedRegion } from "../host/host.ts";
import { ReadViews } from "../host/read-views.ts";
import { Watches } from "../host/watch/watches.ts";
import type { HttpDoor } from "../http/http-door.ts";
import type { Machine } from "../machine/machine.ts";
import type { RequestServer, RequestServerOptions } from "../platform/request-server.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import type { AdminHandlers } from "./admin-handlers.ts";
import { startClientListener } from "./client-listener.ts";
import { ClientServer } from "./client-server.ts";
import { startHttpListener } from "./http-listener.ts";
import { LeaderHttp } from "./leader-http.ts";

export interface ClientDoorsOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly identity: LocalIdentity;
  readonly name: string;
  readonly host: Host;
  readonly hosted: HostedRegion;
  readonly machine: Machine;
  readonly admin: AdminHandlers;
}

/** What is kept for the connections of clients, until they end. */
interface Kept {
  leave(connection: object): void;
  stop(): void;
}

export class ClientDoors {
  readonly onRequest: RequestServerOptions["onRequest"];
  readonly listener: RequestServer;
  /** undefined: HTTP is not configured. */
  readonly http: HttpDoor | undefined;
  readonly #kept: readonly Kept[];

  /** Listening when it resolves. @throws ADDRESS_IN_USE, INSECURE, IO_ERROR */
  static async open({ config, logger, clock, identity, name, host, hosted, machine, admin }: ClientDoorsOptions): Promise<ClientDoors> {
    const watches = new Watches({ region: hosted.raft, machine, clock });
    const views = new ReadViews({ machine, clock, newName: () => randomBytes(16).toString("hex") });
    const served = { hosted, machine, watches, views };
    const kept = [watches, views] as const;
    const { onRequest } = new ClientServer(name, (id) => (host.region(id), served), admin);
    const door = { clock, identity, onRequest, onDisconnect: (connection: object) => leave(kept, connection) };
    const listener = await startClientListener(config, logger, door);
    const leader = new LeaderHttp(hosted, config.raft.electionTimeout);
    const http = await startHttpListener(config, logger, { ...door, leaderElsewhere: () => leader.elsewhere() }).catch(async (error: unknown) => {
      await listener.stop(0);
      throw error;
    });
    return new ClientDoors(onRequest, { listener, http, kept });
  }

  private constructor(onRequest: RequestServerOptions["onRequest"], { listener, http, kept }: { readonly listener: RequestServer; readonly http: HttpDoor | undefined; readonly kept: readonly Kept[] }) {
    this.onRequest = onRequest;
    this.listener = listener;
    this.http = http;
    this.#kept = kept;
  }

  /** Somebody who came in by another door is gone. */
  left(connection: object): void {
    leave(this.#kept, connection);
  }

  /** Who waits for a change is told that nothing will come, and no state is held any more; what is under way is answered within `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    for (const each of this.#kept) each.stop();
    await Promise.all([this.listener.stop(drainMs), this.http?.stop(drainMs)]);
  }
}

function leave(kept: readonly Kept[], connection: object): void {
  for (const each of kept) each.leave(connection);
}
