// The flags of the verbs that work on this machine's own node: where its data is, where it listens, what it tells others to dial. They are the
// highest layer of the configuration, and what init and join record of it.

import { hostname } from "node:os";
import * as Flags from "@oclif/core/flags";
import type { IdentitySettings } from "../config/identity-settings.ts";
import type { ConfigFlags } from "../config/layers.ts";
import type { LoadRequest } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { dataDirFlag } from "./flags.ts";

/** For verbs that look at, start or stop the node of a data directory. */
export const directoryFlags = {
  "data-dir": dataDirFlag,
  config: Flags.string({ helpValue: "<file>", description: "configuration file, instead of the nearest raftctl.config.{json,yaml}" }),
};

export const listenFlags = {
  "listen-peer": Flags.string({ helpValue: "<host:port>", description: "listen here for other nodes (default 127.0.0.1:7401)" }),
  "listen-client": Flags.string({ helpValue: "<host:port>", description: "listen here for clients (default 127.0.0.1:7400)" }),
  "advertise-peer": Flags.string({ helpValue: "<host:port>", description: "what other nodes dial (default: where this one listens)" }),
  "advertise-client": Flags.string({ helpValue: "<host:port>", description: "what clients dial (default: where this one listens)" }),
  "listen-http": Flags.string({ helpValue: "<host:port>", description: "listen here for clients that speak HTTP (default: nowhere)" }),
  "advertise-http": Flags.string({ helpValue: "<host:port>", description: "what clients that speak HTTP dial (default: where this one listens)" }),
  "peer-transport": Flags.option({ options: ["tcp", "http"] as const, description: "what the nodes speak to each other, the same on all (default tcp)" })(),
  "master-eligible": Flags.boolean({ allowNo: true, description: "this node may become leader (default yes)" }),
  insecure: Flags.boolean({ description: "accept listeners beyond this machine without encryption and authentication" }),
};

export interface NodeFlags {
  readonly name?: string | undefined;
  readonly socket?: string | undefined;
  readonly context?: string | undefined;
  readonly config?: string | undefined;
  readonly "data-dir"?: string | undefined;
  readonly "listen-peer"?: string | undefined;
  readonly "listen-client"?: string | undefined;
  readonly "advertise-peer"?: string | undefined;
  readonly "advertise-client"?: string | undefined;
  readonly "listen-http"?: string | undefined;
  readonly "advertise-http"?: string | undefined;
  readonly "peer-transport"?: "tcp" | "http" | undefined;
  readonly "master-eligible"?: boolean | undefined;
  readonly insecure?: boolean | undefined;
}

/** Everything but what the data directory recorded. */
export function loadRequest(flags: NodeFlags, env: NodeJS.ProcessEnv, cwd: string): LoadRequest {
  return { flags: configFlags(flags), env, cwd, configFile: flags.config, contextName: flags.context ?? (env["RAFTCTL_CONTEXT"] || undefined) };
}

function configFlags(flags: NodeFlags): ConfigFlags {
  return {
    name: flags.name,
    dataDir: flags["data-dir"],
    adminSocket: flags.socket,
    "listen.peer": flags["listen-peer"],
    "listen.client": flags["listen-client"],
    "advertise.peer": flags["advertise-peer"],
    "advertise.client": flags["advertise-client"],
    "listen.http": flags["listen-http"],
    "advertise.http": flags["advertise-http"],
    "peer.transport": flags["peer-transport"],
    masterEligible: flags["master-eligible"],
    insecure: flags.insecure,
  };
}

/** The same flags again, for `daemon run`; the directory and the file are named to it separately. */
export function forwardedFlags(flags: NodeFlags): string[] {
  const words: string[] = [];
  for (const name of ["socket", "context", "listen-peer", "listen-client", "advertise-peer", "advertise-client", "listen-http", "advertise-http", "peer-transport"] as const) {
    const value = flags[name];
    if (value !== undefined) words.push(`--${name}`, value);
  }
  if (flags["master-eligible"] !== undefined) words.push(flags["master-eligible"] ? "--master-eligible" : "--no-master-eligible");
  if (flags.insecure === true) words.push("--insecure");
  return words;
}

/** What the node remembers of its configuration. */
export function identitySettings(config: Config): IdentitySettings {
  const { listen, advertise, peer, masterEligible, insecure } = config;
  return {
    listenPeer: listen.peer,
    listenClient: listen.client,
    ...(advertise.peer !== undefined && { advertisePeer: advertise.peer }),
    ...(advertise.client !== undefined && { advertiseClient: advertise.client }),
    ...(listen.http !== undefined && { listenHttp: listen.http }),
    ...(advertise.http !== undefined && { advertiseHttp: advertise.http }),
    ...(peer.transport !== "tcp" && { peerTransport: peer.transport }),
    masterEligible,
    insecure,
  };
}

/** What --name is when nobody says it: the machine's name, as far as it may be one. */
export function defaultNodeName(host: string = hostname()): string {
  const name = host.split(".")[0]!.replaceAll(/[^A-Za-z0-9_-]/g, "-").replaceAll(/^[_-]+|[_-]+$/g, "").slice(0, 60);
  return /[A-Za-z]/.test(name) ? name : "n1";
}
