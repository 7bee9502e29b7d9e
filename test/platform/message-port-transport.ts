// A transport of one's own in at most 100 lines: messages between ports of this process instead of sockets (docs/custom-transport.md).
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { RaftctlError, TransportBase, type LocalIdentity, type Message, type PeerDirectory } from "raftctl/transport";

/** Where nodes find each other: an address, and how to hand a port to whoever listens there. */
export type Switchboard = Map<string, (port: MessagePort) => void>;

export class MessagePortTransport extends TransportBase {
  readonly address: string;
  readonly #switchboard: Switchboard;
  readonly #ports = new Set<MessagePort>();

  constructor(switchboard: Switchboard, identity: LocalIdentity, directory: PeerDirectory) {
    super(identity, directory);
    this.#switchboard = switchboard;
    this.address = `port-${identity.nodeId}-${switchboard.size}`;
  }

  protected async listen(answer: (message: Message) => Promise<Message>): Promise<void> {
    this.#switchboard.set(this.address, (port) => {
      this.#keep(port).on("message", (message: Message) => void answer(message).then((reply) => port.postMessage(reply)));
    });
  }

  protected async carry(address: string, message: Message, over: AbortSignal): Promise<Message> {
    const accept = this.#switchboard.get(address);
    if (accept === undefined) throw new RaftctlError("UNREACHABLE", `nobody listens on ${address}`);
    const { port1, port2 } = new MessageChannel();
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    this.#keep(port1).on("message", resolve).on("close", () => reject(new RaftctlError("CONNECTION_LOST", `${address} closed the port`)));
    over.addEventListener("abort", () => port1.close());
    accept(port2);
    port1.postMessage(message);
    return promise;
  }

  protected async close(): Promise<void> {
    this.#switchboard.delete(this.address);
    for (const port of this.#ports) port.close();
  }

  #keep(port: MessagePort): MessagePort {
    this.#ports.add(port);
    return port.on("close", () => this.#ports.delete(port));
  }
}
