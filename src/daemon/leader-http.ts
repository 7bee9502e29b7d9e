// Where the leader serves HTTP, for a follower that sends clients on to it: it is asked once in each term, because an address changes with a restart, and
// whoever restarts leads in a later term only.

import type { NodeId } from "../base/ids.ts";
import type { HostedRegion } from "../host/host.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";

type Answer = AdminMethods["httpAddress"]["result"];

export class LeaderHttp {
  readonly #hosted: HostedRegion;
  readonly #timeoutMs: number;
  #known: { readonly leader: NodeId; readonly term: number; readonly asked: Promise<Answer> } | undefined;

  constructor(hosted: HostedRegion, timeoutMs: number) {
    this.#hosted = hosted;
    this.#timeoutMs = timeoutMs;
  }

  /** host:port; undefined when this node leads, nobody is known to, or the leader serves no HTTP or does not answer. Never rejects. */
  async elsewhere(): Promise<string | undefined> {
    const { raft } = this.#hosted;
    const { leader, currentTerm: term } = raft.core;
    if (leader === undefined || leader === raft.id) return undefined;
    if (this.#known?.leader !== leader || this.#known.term !== term) this.#known = { leader, term, asked: this.#ask() };
    const { asked } = this.#known;
    const answer = await asked.catch(() => this.#forget(asked));
    return answer?.address ?? undefined;
  }

  #ask(): Promise<Answer> {
    const { gateway } = this.#hosted;
    // By the time of the answer this node may lead itself; then it need not send anybody on.
    return gateway.administer({ method: "httpAddress", params: {}, timeoutMs: this.#timeoutMs }, () => Promise.resolve({ address: null }));
  }

  #forget(asked: Promise<Answer>): undefined {
    if (this.#known?.asked === asked) this.#known = undefined;
  }
}
