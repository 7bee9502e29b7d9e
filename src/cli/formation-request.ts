// What the flags of `raftctl init` say about forming a cluster with others: where they are and how many. --members is a static source that expects
// all of them.

import { resolve } from "node:path";
import { RaftctlError } from "../base/errors.ts";
import { formatAddress, readAddress } from "../config/address.ts";

export interface FormationRequest {
  readonly source: string;
  readonly expect: number;
  /** Of --members: the peer address of each name. */
  readonly members: ReadonlyMap<string, string> | undefined;
}

interface FormationFlags {
  readonly expect: number | undefined;
  readonly discovery: string | undefined;
  readonly members: string | undefined;
}

const expectMax = 64;

/** undefined: a cluster of one. @throws USAGE when the flags do not go together */
export function formationRequest({ expect, discovery, members }: FormationFlags): FormationRequest | undefined {
  if (members !== undefined) {
    if (expect !== undefined || discovery !== undefined) throw new RaftctlError("USAGE", "--members says everything; --expect and --discovery go without it");
    const list = readMembers(members);
    return { source: `static:${[...list.values()].join(",")}`, expect: list.size, members: list };
  }
  if (expect === undefined && discovery === undefined) return undefined;
  if (expect === undefined) throw new RaftctlError("USAGE", "--discovery needs --expect N: how many nodes form the cluster");
  if (discovery === undefined) throw new RaftctlError("USAGE", "--expect needs --discovery: where the other nodes are", { hint: "--discovery file:<path>, dns:<name> or static:<host:port,…>" });
  return { source: absoluteSource(discovery), expect, members: undefined };
}

/** The daemon may run in another directory. */
export function absoluteSource(source: string): string {
  return source.startsWith("file:") && source !== "file:" ? `file:${resolve(source.slice("file:".length))}` : source;
}

/** "n1=host:port,n2=host:port" */
function readMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const word of text.split(",")) {
    const [name = "", written = "", ...rest] = word.split("=");
    const address = readAddress(written);
    if (name === "" || rest.length > 0 || address === undefined || address.port === 0) throw new RaftctlError("USAGE", `--members: ${JSON.stringify(word)} is not name=host:port`);
    const normal = formatAddress({ ...address, host: address.host.toLowerCase() });
    if (members.has(name)) throw new RaftctlError("USAGE", `--members names ${name} twice`);
    if ([...members.values()].includes(normal)) throw new RaftctlError("USAGE", `--members names ${normal} twice`);
    members.set(name, normal);
  }
  if (members.size > expectMax) throw new RaftctlError("USAGE", `--members names ${members.size} nodes, at most ${expectMax} form a cluster`);
  return members;
}
