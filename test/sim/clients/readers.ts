// Readers among the clients of the simulated cluster: each reads a range page by page from one node after the other, while others write and faults strike, and
// tells what it was shown (properties/page-consistency.ts). What a node does not hold any more it begins again, elsewhere. Messages take a while, and some
// are lost; then it is not known whether the node still holds the state, and nobody tells it that the reader has left.

import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { keyBehind, prefixEnd } from "../../../src/client/key-range.ts";
import type { ClientRequest, ReadResponse } from "../../../src/wire/client-protocol.ts";
import type { PageView } from "../properties/property.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { Stage } from "../world/stage.ts";
import { ask, type Exchange } from "./exchange.ts";

export interface ReadersOptions {
  readonly stage: Stage;
  readonly prng: Prng;
  readonly told: (page: PageView) => void;
  readonly fail: (thrown: unknown) => void;
}

const readersMax = 2;
const loss = 0.03;
const prefixes = ["", "", "k", "p"];

export class Readers {
  readonly #options: ReadersOptions;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  /** Until the faults stop. Half of the seeds have none. */
  begin(): void {
    const { prng, fail } = this.#options;
    if (prng.chance(0.5)) return;
    const count = prng.integer(1, readersMax);
    for (let number = 1; number <= count; number += 1) void new Reader(`r${number}`, this.#options).readOn().catch(fail);
  }
}

class Reader {
  readonly #name: string;
  readonly #options: ReadersOptions;
  readonly #exchange: Exchange;
  readonly #prefix: string;
  readonly #limit: number;
  #firstIndex = 0;

  constructor(name: string, options: ReadersOptions) {
    const { stage, prng } = options;
    this.#name = name;
    this.#options = options;
    this.#exchange = { stage, delay: () => (prng.chance(loss) ? undefined : prng.next() * stage.electionTimeout * 0.1) };
    this.#prefix = pick(prng, prefixes);
    this.#limit = pick(prng, [1, 2, 3]);
  }

  async readOn(): Promise<void> {
    const { stage, prng } = this.#options;
    while (!stage.healed) {
      await this.#readRange(pick(prng, stage.nodes));
      await this.#pause();
    }
  }

  async #readRange(node: SimNode): Promise<void> {
    const { prng } = this.#options;
    const connection = {};
    let start = utf8(this.#prefix);
    let page = await this.#ask(node, connection, this.#first(start));
    this.#firstIndex = page?.index ?? 0;
    while (page !== undefined) {
      this.#tell(node, start, page);
      const { view, records } = page;
      if (view === undefined) return;
      await this.#pause();
      if (prng.chance(0.05)) return void (await this.#ask(node, connection, { operation: "closeView", region: globalRegion, view }));
      start = keyBehind(records.at(-1)!.key);
      page = await this.#ask(node, connection, { operation: "page", region: globalRegion, view, start, ...this.#shape() });
    }
  }

  async #ask(node: SimNode, connection: object, request: ClientRequest): Promise<ReadResponse | undefined> {
    const { stage } = this.#options;
    const reply = await ask(this.#exchange, this.#name, node, { request, patienceMs: 2 * stage.electionTimeout, connection });
    if (reply.kind === "error" && reply.error.code !== "UNREACHABLE") stage.trace(this.#name, "pages", `of ${node.name} end at index ${this.#firstIndex}: ${reply.error.code}`);
    return reply.kind === "answer" && reply.response.operation === "read" ? reply.response : undefined;
  }

  #tell(node: SimNode, start: Uint8Array, { index, more, records, view }: ReadResponse): void {
    const { stage, told } = this.#options;
    if (view === undefined && start.length > this.#prefix.length) stage.trace(this.#name, "pages", `of ${node.name} at index ${index} were read to the end`);
    const [text, end] = [start, prefixEnd(utf8(this.#prefix))].map((key) => (key === undefined ? undefined : String.fromCharCode(...key)));
    told({ reader: this.#name, node: node.name, firstIndex: this.#firstIndex, index, start: text!, end, more, records });
  }

  #first(start: Uint8Array): ClientRequest {
    // Of whatever the node has by then: that disturbs nobody.
    return { operation: "range", region: globalRegion, consistency: "stale", minIndex: undefined, maxLagMs: undefined, timeoutMs: this.#options.stage.electionTimeout, start, countOnly: false, ...this.#shape() };
  }

  #shape(): { readonly end: Uint8Array | undefined; readonly limit: number; readonly keysOnly: boolean; readonly wanted: number } {
    return { end: prefixEnd(utf8(this.#prefix)), limit: this.#limit, keysOnly: false, wanted: Number.MAX_SAFE_INTEGER };
  }

  #pause(): Promise<void> {
    const { stage, prng } = this.#options;
    return stage.sleep(prng.next() * stage.electionTimeout * pick(prng, [0.02, 0.2, 1]));
  }
}
