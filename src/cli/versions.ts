// The program's version beside those of the daemons, and where they do not fit together.

import { toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { protocolVersion } from "../client/protocol.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import { errorDocument } from "./envelope.ts";
import type { ErrorDocument } from "./envelope.ts";
import { visible } from "./terminal.ts";

type ServerVersion = AdminMethods["version"]["result"];

export interface VersionDocument {
  client: { version: string; node: string; protocol: number };
  servers: (ServerVersion | { name: string; address?: string; error: ErrorDocument })[];
}

export async function askVersions(client: Client, question: { readonly own: string; readonly all: boolean }): Promise<VersionDocument> {
  return { client: { version: question.own, node: process.version, protocol: protocolVersion }, servers: await askServers(client, question.all) };
}

async function askServers(client: Client, all: boolean): Promise<VersionDocument["servers"]> {
  const ask = (node: Client): Promise<ServerVersion> => node.admin.call("version", {});
  try {
    if (!all) return [await ask(client)];
    const { askAllNodes } = await import("./all-nodes.ts");
    return await askAllNodes(client, ask);
  } catch (thrown) {
    return [{ name: client.server?.name ?? "daemon", error: errorDocument(toRaftctlError(thrown)) }];
  }
}

export function versionText(document: VersionDocument): string {
  const { client, servers } = document;
  const lines = servers.map((server) =>
    "error" in server
      ? `${visible(server.name)}  ${visible(server.error.message)}`
      : `${visible(server.name)}  ${visible(server.version)}  node ${visible(server.node)}  protocol ${server.protocol}  data format ${server.dataFormat}`);
  return [`raftctl  ${client.version}  node ${client.node}  protocol ${client.protocol}`, ...lines].join("\n");
}

/** One sentence for each daemon whose version is not this program's. */
export function skew(document: VersionDocument): string[] {
  return document.servers.flatMap((server) =>
    "error" in server || server.version === document.client.version
      ? []
      : [`node ${server.name} runs ${server.version}, this program is ${document.client.version}`]);
}
