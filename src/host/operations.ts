// Rare requests to the core that are answered once, by ticket: membership changes, leadership transfers, forced rounds.

import { RaftctlError } from "../base/errors.ts";
import type { Ticket } from "../raft/input.ts";
import type { Answer } from "../raft/ready.ts";

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Operations {
  readonly #waiting = new Map<Ticket, Waiting>();

  wait(ticket: Ticket): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.set(ticket, { resolve, reject }));
  }

  /** true when the ticket was one of ours. */
  answered(answer: Answer): boolean {
    const waiting = this.#waiting.get(answer.ticket);
    if (waiting === undefined) return false;
    this.#waiting.delete(answer.ticket);
    if (answer.kind === "refused") waiting.reject(refusalError(answer));
    else waiting.resolve(answer);
    return true;
  }

  failAll(error: RaftctlError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

export function refusalError(answer: Answer & { kind: "refused" }): RaftctlError {
  return new RaftctlError(answer.code, answer.reason, answer.leader === undefined ? {} : { details: { leader: answer.leader } });
}
