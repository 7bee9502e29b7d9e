// Where other nodes might be, as a port (S16, S69): addresses to knock at and nothing else. A source holds no Raft state and no membership, opens no
// connection to a peer (S72), and whoever vanishes from it stays a member (S91). Providers: static-, file- and dns-discovery.ts; a program that embeds
// raftctl may bring its own.

export interface DiscoveredNode {
  /** host:port of the peer listener. */
  readonly address: string;
  /** Where the source says so (S78); undefined: it does not know. */
  readonly regions: readonly string[] | undefined;
}

export interface Changeset {
  readonly added: readonly DiscoveredNode[];
  readonly removed: readonly DiscoveredNode[];
}

export interface DiscoveryOwner {
  /** Of the first look everything is added; later only when something has changed. */
  changed(changes: Changeset): void;
  /** The source could not be read; what was known stays. Reported again only after it could be read in between. */
  failed(error: Error): void;
}

export interface DiscoveryWatch {
  close(): Promise<void>;
}

export interface Discovery {
  /** As a user wrote it: "dns:nodes.example:7401". */
  readonly source: string;
  /** One look, all or nothing: who founds a cluster counts the addresses. @throws NOT_FOUND, UNREACHABLE, IO_ERROR; INVALID_ARGUMENT when the source says nonsense */
  lookup(): Promise<readonly DiscoveredNode[]>;
  /** Looks at once, and again until it is closed. */
  watch(owner: DiscoveryOwner): DiscoveryWatch;
}

/** More addresses than this are refused: nobody runs so many members, and each one is knocked at. */
export const discoveredNodesMax = 256;
