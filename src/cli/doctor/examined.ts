// What the rules are given: one record for each place that was looked at, a daemon's address or a data directory, with what was found there. Plain
// data, so that a test can write down any cluster, however broken.

import type { FormationProgress } from "../../wire/admin-protocol.ts";
import type { NodeFacts } from "../../wire/node-facts.ts";

export interface Examined {
  /** host:port, the path of a socket, or the path of a directory. */
  readonly place: string;
  /** The member that the cluster says is there; undefined when the user named the place. */
  readonly expected: { readonly id: string; readonly name: string } | undefined;
  readonly facts: NodeFacts | undefined;
  /** Why the daemon there gave no answer; undefined when it did, or when nobody was asked. */
  readonly silence: Trouble | undefined;
  readonly directory: DirectoryTrouble | undefined;
  /** Of a node that belongs to no cluster yet. */
  readonly forming: Forming | undefined;
  /** By the clock of whoever asked, when the answer came, and how long it took. */
  readonly answered: { readonly wallClockMs: number; readonly tookMs: number } | undefined;
}

/** A node that looks for others to form a cluster with. */
export interface Forming {
  readonly name: string;
  readonly source: string;
  readonly expect: number;
  /** undefined when its daemon does not run: this is what its directory says. */
  readonly progress: FormationProgress | undefined;
}

/** Two that run are one process only when all of this is the same: in containers every daemon may be pid 1 in /data. */
export function homeOf({ source, process, dataDir, addresses }: NodeFacts): string {
  return [source, process?.pid ?? "", addresses?.peer ?? "", addresses?.client ?? "", dataDir].join(" ");
}

export interface Trouble {
  readonly code: string;
  readonly message: string;
}

/** empty: no node has ever been there. wiped: an identity without its log. damaged: what a start would refuse. */
export interface DirectoryTrouble extends Trouble {
  readonly state: "empty" | "wiped" | "damaged";
  readonly node: { readonly id: string; readonly name: string } | undefined;
}

/** refused: nobody listens. stalled: somebody accepts and answers nothing. cut: broken off. silent: nothing comes back. tls, version, stranger: somebody answers, and it does not fit. */
export type TroubleKind = "refused" | "stalled" | "cut" | "silent" | "tls" | "version" | "stranger" | "other";

const patterns: readonly (readonly [TroubleKind, RegExp])[] = [
  ["tls", /certificate|\bSSL\b|\bTLS\b|EPROTO|handshake failure/i],
  ["refused", /ECONNREFUSED|ENOENT/],
  ["stalled", /accepted but did not answer|did not answer the handshake|no answer to a ping/],
  ["cut", /ECONNRESET|EPIPE|closed the connection|was closed|connection ended/],
  ["silent", /no answer within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|no time was left/],
];

const identityCodes: ReadonlySet<string> = new Set(["CLUSTER_MISMATCH", "CLUSTER_RECOVERED", "PEER_IDENTITY_MISMATCH", "INCARNATION_REFUSED", "REMOVED"]);

export function kindOf({ code, message }: Trouble): TroubleKind {
  if (code === "INCOMPATIBLE") return "version";
  const said = withoutNames(message);
  const found = patterns.find(([, pattern]) => pattern.test(said));
  if (found !== undefined) return found[0];
  if (identityCodes.has(code)) return "stranger";
  if (code === "TIMEOUT") return "stalled";
  return "other";
}

/** The shortest true name of it: the system's code where there is one. */
export function shortReason(trouble: Trouble): string {
  const system = /\bE[A-Z_]{3,}\b/.exec(withoutNames(trouble.message))?.[0];
  if (system !== undefined) return system;
  const kind = kindOf(trouble);
  if (kind === "stalled") return "accepts connections and answers nothing";
  if (kind === "silent") return "no answer";
  if (kind === "cut") return "connection broken off";
  return trouble.code;
}

/** Addresses and paths are names that somebody chose, "tls.example:7401" among them: only what is said of them counts. */
function withoutNames(message: string): string {
  return message.replaceAll(/\S+:\d+\b|(?<!\S)\/\S+/g, "");
}
