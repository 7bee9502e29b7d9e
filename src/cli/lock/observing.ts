// `raftctl elect NAME --observe`: the leader now, and each one after it, until Ctrl-C.

import type { Leader } from "../../client/leader.ts";
import { bytesDocument, type BytesDocument } from "../envelope.ts";
import { visible } from "../terminal.ts";

/** `value` and what follows it are missing while nobody leads. */
export interface LeaderDocument extends Partial<BytesDocument> {
  state: "leader" | "none" | "end";
  name: string;
  key?: string;
  /** The fencing token. */
  token?: string;
  /** Of the log, where it was so. */
  index?: string;
}

/** @param tell resolves when there is room for more. @returns the last document */
export async function observe(name: string, leaders: AsyncIterable<Leader | undefined>, stopping: AbortSignal, tell: (document: LeaderDocument) => Promise<void>): Promise<LeaderDocument> {
  try {
    for await (const leader of leaders) await tell(leaderDocument(name, leader));
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
  return { state: "end", name };
}

export function leaderDocument(name: string, leader: Leader | undefined): LeaderDocument {
  if (leader === undefined) return { state: "none", name };
  const { key, value, token, index } = leader;
  return { state: "leader", name, key, token: String(token), index: String(index), ...bytesDocument(value) };
}

/** Token and value, with a tab between them; "-" while nobody leads. */
export function leaderLine({ state, token, value = "" }: LeaderDocument): string {
  return state === "leader" ? `${token}\t${visible(value)}\n` : "-\n";
}
