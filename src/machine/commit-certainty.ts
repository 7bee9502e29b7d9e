// Which of the entries that are committed and not yet applied are certain to be executed when their turn comes. A command without a session always is. One with
// a session is unless the table does not know the session any more by then, or its number was settled, which an entry before it may bring about: by saying so, by taking its place, or
// by a time at which it has been idle for too long. Nothing is said of what comes behind an entry that may do any of these.

import { type Command, commandFault, decodeCommand, timeOf } from "../wire/command.ts";
import type { SessionTable } from "./sessions.ts";
import type { AppliedEntry } from "./state-machine.ts";

const commandType = 1;
/** After it, others with a stamp of the session that it means are not executed. */
const endsNumbers: ReadonlySet<Command["operation"]> = new Set(["sessionClose", "settle"]);

/** @param pending all entries behind what is applied, in order; `sessions` are as of what is applied */
export function certainExecution(sessions: SessionTable, pending: readonly AppliedEntry[]): (entry: AppliedEntry) => boolean {
  const uncertainFrom = firstUncertain(sessions, pending);
  const first = pending[0]?.index ?? Number.POSITIVE_INFINITY;
  return ({ index, data }) => {
    const session = commandFault(data) === undefined ? decodeCommand(data).session : undefined;
    // What is applied already is answered in a moment.
    return session === undefined || (index >= first && index < uncertainFrom && sessions.staysKnown(session, index));
  };
}

/** Index of the first entry before which the table of sessions may have changed by more than what is executed; Infinity: of none. */
function firstUncertain(sessions: SessionTable, pending: readonly AppliedEntry[]): number {
  let room = sessions.room;
  for (const { index, type, data } of pending) {
    if (type !== commandType || commandFault(data) !== undefined) continue;
    const time = timeOf(data);
    if (time !== undefined && sessions.mayExpireAt(time)) return index;
    if (room <= 0) return index;
    room -= 1;
    if (endsNumbers.has(decodeCommand(data).operation)) return index + 1;
  }
  return Number.POSITIVE_INFINITY;
}
