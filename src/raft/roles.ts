// Which role handles which message: the table that term-gate.ts guards. Every cell is filled (handlers.ts).

import type { NodeId } from "../base/ids.ts";
import { candidateHandlers, preCandidateHandlers } from "./candidate.ts";
import { followerHandlers } from "./follower.ts";
import type { Handler, Handlers } from "./handlers.ts";
import { leaderHandlers } from "./leader.ts";
import type { Message } from "./message.ts";
import type { Role } from "./ready.ts";
import type { State } from "./state.ts";
import { passesTermGate } from "./term-gate.ts";

export const handlers: Readonly<Record<Role, Handlers>> = {
  learner: followerHandlers,
  follower: followerHandlers,
  preCandidate: preCandidateHandlers,
  candidate: candidateHandlers,
  leader: leaderHandlers,
};

export function handleMessage(state: State, from: NodeId, message: Message): void {
  if (!passesTermGate(state, from, message)) return;
  // The key is the message's own type, so the handler takes exactly this message.
  const handler = handlers[state.role][message.type] as Handler<Message["type"]>;
  handler(state, from, message);
}
