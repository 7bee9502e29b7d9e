// What the state machine has answered, as an error where it is one.

import { RaftctlError } from "../base/errors.ts";
import type { CommandResult } from "../wire/command-result.ts";
import type { Command } from "../wire/command.ts";
import type { Deadline } from "./deadline.ts";
import { leaseConflict, leaseIsFull, leaseNotFound } from "./lease-errors.ts";
import { unknownOutcome } from "./delivery.ts";

export interface Sent {
  readonly command: Command;
  readonly requestId: string | undefined;
  readonly deadline: Deadline;
}

/** @throws what a command comes to that has not been carried out */
export function refuseUnlessOk(result: CommandResult, sent: Sent): void {
  switch (result.status) {
    case "ok":
      return;
    case "conflict":
      throw conflict(result, sent.command);
    case "leaseNotFound":
      throw leaseNotFound(sent.command);
    case "sessionNotFound":
      throw sessionNotFound(sent.command);
    case "tooMany":
      if (sent.command.operation === "txn") throw txnTooLarge();
      if (sent.command.operation !== "deleteRange") throw leaseIsFull(sent.command);
      throw new RaftctlError("TOO_LARGE", "the range holds more keys than one command may delete; nothing was deleted", {
        hint: "delete a smaller range or a longer prefix",
      });
    case "sessionExpired":
      throw unknownOutcome(new RaftctlError("UNKNOWN_OUTCOME", "the cluster does not remember this session or sequence any more"), sent);
    case "sequenceAhead":
      throw new RaftctlError("INVALID_ARGUMENT", `the number of request ${sent.requestId} is too far ahead of the log, which is at index ${result.index}; nothing was done`, {
        hint: "repeat a request with the numbers that were printed with it",
      });
    case "neverApplied":
      throw new RaftctlError("CONFLICT", `request ${sent.requestId} was declared as never applied at index ${result.index}, when somebody asked for its outcome; nothing was done`, {
        hint: "write again as a new request", details: { index: String(result.index) },
      });
    case "invalid":
      throw new RaftctlError("BAD_REQUEST", "the cluster does not know this command: upgrade every node first");
  }
}

function sessionNotFound(command: Command): RaftctlError {
  const session = command.operation === "sessionClose" ? command.target.toString() : "";
  return new RaftctlError("NOT_FOUND", `there is no session ${session}: it was closed, is forgotten, or has written nothing`, { hint: "raftctl session list", details: { session } });
}

function txnTooLarge(): RaftctlError {
  return new RaftctlError("TOO_LARGE", "the transaction would delete more keys than one command may, or attach more to a lease than it may have; nothing was done", {
    hint: "make it smaller",
  });
}

function conflict(result: CommandResult, command: Command): RaftctlError {
  if (command.operation === "leaseGrant") return leaseConflict(command);
  const wanted = command.operation === "deleteRange" ? undefined : command.condition;
  const found = result.version === 0 ? "the key does not exist" : `the key has version ${result.version}`;
  const wish = wanted?.kind === "version" ? `version ${wanted.version}` : wanted?.kind === "absent" ? "no such key" : "another value";
  return new RaftctlError("CONFLICT", `the condition did not hold: wanted ${wish}, but ${found}`, {
    details: { version: String(result.version), index: String(result.index) },
    hint: "read the key again and decide anew",
  });
}
