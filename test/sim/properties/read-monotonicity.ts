// Read Monotonicity: the index at which one client is answered never goes back: over all nodes for writes and linearizable reads, over one boot of one
// node for stale reads (dissertation §6.4; S110, S111; H21, H22, H23).
//
// A client asks one thing at a time. Two of its writes never have the same index: that would be the answer to another command.

import { Violation, type ClientAnswer, type Property } from "./property.ts";

interface Client {
  /** Of the latest write, and of the latest answer that is not stale. */
  writeIndex: number;
  index: number;
  readonly staleIndexes: Map<string, number>;
}

export class ReadMonotonicity implements Property {
  readonly name = "Read Monotonicity";
  readonly #clients = new Map<string, Client>();

  answered(answer: ClientAnswer): void {
    let client = this.#clients.get(answer.client);
    if (client === undefined) this.#clients.set(answer.client, (client = { writeIndex: 0, index: 0, staleIndexes: new Map() }));
    if (answer.kind === "stale read") this.#stale(client, answer);
    else this.#ordered(client, answer);
  }

  #ordered(client: Client, { client: name, node, kind, index }: ClientAnswer): void {
    if (index < client.index) throw new Violation(this.name, `${name} is answered a ${kind} at index ${index} by ${node}, after one at index ${client.index}`);
    if (kind === "write") {
      if (index === client.writeIndex) throw new Violation(this.name, `${name} is told that two of its writes are at index ${index}, the second one by ${node}`);
      client.writeIndex = index;
    }
    client.index = index;
  }

  #stale(client: Client, { client: name, node, boot, index }: ClientAnswer): void {
    const source = `${node} ${boot}`;
    const before = client.staleIndexes.get(source) ?? 0;
    if (index < before) throw new Violation(this.name, `${name} reads at index ${index} from ${node}, after it read at index ${before} there`);
    client.staleIndexes.set(source, index);
  }
}
