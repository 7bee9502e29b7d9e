// One request of a simulated client to one node, and what comes back: both ways take their time, and may lose it.

import { RaftctlError, toRaftctlError } from "../../../src/base/errors.ts";
import type { ClientRequest, ClientResponse } from "../../../src/wire/client-protocol.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { Stage } from "../world/stage.ts";

export type Reply =
  | { readonly kind: "answer"; readonly response: ClientResponse; readonly boot: number }
  | { readonly kind: "error"; readonly error: RaftctlError }
  /** Nothing came back in time. */
  | { readonly kind: "silence" };

export interface Exchange {
  readonly stage: Stage;
  /** ms that a message takes; undefined when it is lost. */
  delay(from: string, to: string): number | undefined;
}

export interface Question {
  readonly request: ClientRequest;
  readonly patienceMs: number;
  /** Over which it is asked; absent: one of its own. */
  readonly connection?: object;
}

/** Calls `resolve` once, or never. */
function send({ stage, delay }: Exchange, from: string, node: SimNode, { request, connection = {} }: Question, resolve: (reply: Reply) => void): void {
  const outward = delay(from, node.name);
  if (outward === undefined) return;
  const back = (reply: Reply): void => {
    const homeward = delay(node.name, from);
    if (homeward !== undefined) stage.at(homeward, () => resolve(reply));
  };
  stage.at(outward, () => {
    const { process } = node;
    if (process === undefined) return back({ kind: "error", error: unreachable });
    const { life } = process;
    life.give(() => {
      Promise.resolve()
        .then(() => process.server.onRequest(request, connection))
        .then(
          (response) => {
            if (life.alive) back({ kind: "answer", response, boot: life.boot });
          },
          (error: unknown) => life.alive && back({ kind: "error", error: toRaftctlError(error) }),
        );
    });
  });
}

/** Silence, when nothing has come back after so many ms. */
export function ask(exchange: Exchange, from: string, node: SimNode, question: Question): Promise<Reply> {
  return new Promise((resolve) => {
    exchange.stage.at(question.patienceMs, () => resolve({ kind: "silence" }));
    send(exchange, from, node, question, resolve);
  });
}

const unreachable = new RaftctlError("UNREACHABLE", "nobody listens there", { details: { sent: false } });
