// A cluster whose nodes answer the rare requests too: joining, membership changes, transfers; with a transport that can probe and call addresses.

import { RaftctlError } from "../../../src/base/errors.ts";
import { silentLogger, type Logger } from "../../../src/base/logger.ts";
import type { AdminHandler } from "../../../src/host/host.ts";
import { Joining } from "../../../src/host/joining.ts";
import { MemberChange } from "../../../src/host/member-change.ts";
import { standingOf, type Asker } from "../../../src/host/standing-check.ts";
import type { ProbedPeer, Transport } from "../../../src/host/transport.ts";
import type { MembershipChange } from "../../../src/raft/membership.ts";
import type { JoinRequest } from "../../../src/wire/admin-protocol.ts";
import { Cluster, electionTimeout, type ClusterNode, type ClusterOptions } from "./cluster.ts";
import { idOf, member } from "./members.ts";

export const clusterId = "00112233445566778899aabbccddeeff";

export class AdministeredCluster {
  readonly cluster: Cluster;
  /** What a probe of an address finds instead of what is there. */
  readonly found = new Map<string, Partial<ProbedPeer> | RaftctlError>();
  readonly probes: string[] = [];
  readonly logger: Logger;
  readonly joinings: Joining[] = [];

  static async led(options: ClusterOptions & { logger?: Logger } = {}): Promise<AdministeredCluster> {
    const { logger } = options;
    const administer = (node: ClusterNode): AdminHandler => (_from, _region, rpc) => administered.#administer(node, rpc.method, rpc.params, rpc.hops);
    const cluster = await Cluster.led({ ...options, administer });
    const administered = new AdministeredCluster(cluster, logger ?? silentLogger);
    return administered;
  }

  private constructor(cluster: Cluster, logger: Logger) {
    this.cluster = cluster;
    this.logger = logger;
  }

  memberChange(node: ClusterNode = this.cluster.leader): MemberChange {
    const { clock } = this.cluster;
    return new MemberChange({ raft: node.raft, transport: this.#transport(), clock, logger: this.logger, clusterId, electionTimeout, newNodeId: () => idOf(77_000_000) });
  }

  request(number: number, changes: Partial<JoinRequest> = {}): JoinRequest {
    const { name, peerAddress, clientAddress, incarnation, masterEligible } = member(number);
    return { id: String(number), name, peerAddress, clientAddress, incarnation, masterEligible, role: "voter", promote: "auto", dryRun: false, ...changes };
  }

  joining(node: ClusterNode, changes: { seeds?: readonly string[]; request?: Partial<JoinRequest>; giveUpMs?: number } = {}): Joining {
    const { raft, gateway, id } = node;
    const { clock } = this.cluster;
    const joining = new Joining({
      raft, gateway, transport: this.#transport(), clock, logger: this.logger, seeds: changes.seeds ?? ["h1:1", "h2:1"],
      request: this.request(Number(id), changes.request), retryMs: 200, giveUpMs: changes.giveUpMs ?? 30_000, onMembers: () => undefined,
    });
    this.joinings.push(joining);
    return joining;
  }

  async #administer(node: ClusterNode, method: string, params: unknown, hops: number): Promise<unknown> {
    if (method === "standing") return standingOf(node.raft, params as Asker);
    const here = (): Promise<unknown> => {
      if (node.raft.core.role !== "leader") return Promise.reject(new RaftctlError("NOT_LEADER", "handed on only once"));
      if (method === "join") return this.memberChange(node).admit(params as JoinRequest);
      return this.memberChange(node).change((params as { change: MembershipChange }).change).then((index) => ({ index }));
    };
    return hops > 0 ? here() : node.gateway.administer({ method, params, timeoutMs: 5_000 }, here);
  }

  #at(address: string): ClusterNode {
    const number = /^h([0-9]+):1$/.exec(address)?.[1];
    const node = number === undefined ? undefined : this.cluster.nodes.find(({ id }) => id === idOf(Number(number)));
    if (node === undefined) throw new RaftctlError("UNREACHABLE", `nobody listens at ${address}`);
    return node;
  }

  #transport(): Transport {
    const refused = (): never => {
      throw new Error("not part of this test");
    };
    return {
      get network(): never {
        return refused();
      },
      stats: {
        peerConnectsTotal: 0,
        peers: this.cluster.nodes.map(({ id }) => ({ id, state: this.cluster.hub.listens(id) ? "connected" as const : "closed" as const, rttMs: 1, lastError: undefined })),
      },
      start: refused,
      stop: refused,
      probe: async (address) => {
        this.probes.push(address);
        const found = this.found.get(address);
        if (found instanceof RaftctlError) throw found;
        const { id } = this.#at(address);
        return { nodeId: id, incarnation: 1, name: `n${id}`, regions: [], clusterId, clusterIncarnation: 1, ...found };
      },
      callAddress: async (address, region, rpc) => this.#at(address).host.receiver.admin(undefined as never, region, rpc),
    };
  }
}
