// One cell for every role and every kind of message: a cell that does nothing says so.

import type { NodeId } from "../base/ids.ts";
import type { Message } from "./message.ts";
import type { State } from "./state.ts";

export type MessageOf<T extends Message["type"]> = Extract<Message, { readonly type: T }>;
export type Handler<T extends Message["type"]> = (state: State, from: NodeId, message: MessageOf<T>) => void;
export type Handlers = { readonly [T in Message["type"]]: Handler<T> };

/** A response to something that this server asked in another role. */
export function ignore(): void {}
