// A bank on three nodes that agree, in one process and in memory.
import { jsonCodec, MemoryNetwork, Raft, type Outcome, type StateMachine } from "raftctl/raft";

type Command = { readonly amount: number; readonly to: string; readonly from?: string };
type Overdrawn = { readonly code: "OVERDRAWN"; readonly balance: number };

class Bank implements StateMachine<Command, number, Overdrawn> {
  #accounts = new Map<string, number>();

  balanceOf(account: string): number {
    return this.#accounts.get(account) ?? 0;
  }

  apply({ amount, to, from }: Command): Outcome<number, Overdrawn> {
    if (from !== undefined) {
      const balance = this.balanceOf(from);
      if (balance < amount) return { refused: { code: "OVERDRAWN", balance } };
      this.#accounts.set(from, balance - amount);
    }
    this.#accounts.set(to, this.balanceOf(to) + amount);
    return { result: this.balanceOf(to) };
  }

  snapshot(): Uint8Array {
    return jsonCodec.encode([...this.#accounts]);
  }

  restore(snapshot: Uint8Array): void {
    this.#accounts = new Map(jsonCodec.decode(snapshot) as [string, number][]);
  }
}

const network = new MemoryNetwork();
const founders = ["1", "2", "3"];
const banks = founders.map(() => new Bank());
const nodes = await Promise.all(banks.map((machine, at) =>
  Raft.start<Command, number, Overdrawn>({ id: founders[at]!, founders, machine, network: (id) => network.connect(id) })));

// Any node takes a command; what it answers is what the state machine answered, wherever that was.
await nodes[0]!.client({ entry: { amount: 100, to: "ada" } });
const moved = await nodes[1]!.client({ entry: { amount: 30, from: "ada", to: "ben" } });
console.log(`ben has ${moved.result}`);

// The application's own refusal arrives with its fields.
const overdrawn = await nodes[2]!.client({ entry: { amount: 500, from: "ada", to: "ben" } });
if (overdrawn.refused !== undefined) console.log(`${overdrawn.refused.code}: ada has ${overdrawn.refused.balance}`);

// A linearizable read on any node: wait until it is readable, then look.
await nodes[2]!.readable();
console.log(`ada has ${banks[2]!.balanceOf("ada")}`);

await Promise.all(nodes.map((node) => node.stop()));
