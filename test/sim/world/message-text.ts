// A message between nodes in one line of the trace.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Message } from "../../../src/raft/message.ts";

export function describeMessage(to: NodeId, message: Message): string {
  return `to n${to} ${message.type} ${message.requestId}: ${fieldsOf(message)}`;
}

function fieldsOf(message: Message): string {
  const fields = Object.entries(message).filter(([name, value]) => !quiet.has(name) && value !== undefined && typeof value !== "object");
  return fields.map(([name, value]) => `${name} ${String(value)}`).join(", ");
}

/** Said by the columns before them. */
const quiet: ReadonlySet<string> = new Set(["type", "requestId", "leaderId", "candidateId"]);
