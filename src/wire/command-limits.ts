// What a command may hold, checked before it is encoded: so that whoever makes one is told what is wrong with it and not that its bytes are malformed.

import { RaftctlError } from "../base/errors.ts";
import type { AppendCommand, Command, DeleteCommand, PutCommand, SessionCloseCommand, SessionStamp, SetCommand } from "./command-types.ts";
import { checkLease, checkLeaseId } from "./lease-command.ts";
import { limits } from "./limits.ts";

/** The value and the value that a condition wants together have at most valueBytesMax: so no command is above limits.commandBytesMax. */
const { keyBytesMax, valueBytesMax } = limits;
/** One byte holds the length of a name that is not empty. */
export const streamNameBytesMax = 256;
export const settingNameBytesMax = 64;
const u64Max = 2n ** 64n - 1n;

/** Throws INVALID_ARGUMENT for an empty key or a number out of range, TOO_LARGE for a key or value above its limit. */
export function checkCommandLimits(command: Command): void {
  if (command.operation === "deleteRange") {
    checkKey(command.start, 0);
    checkKey(command.end ?? command.start, 0);
  } else if (command.operation === "settle") {
    checkSession(command.session);
  } else if (command.operation === "txn") {
    checkBody(command.body);
  } else if (command.operation === "leaseGrant" || command.operation === "leaseRevoke") {
    checkLease(command);
  } else if (command.operation === "sessionClose") {
    checkTarget(command);
  } else if (command.operation === "append" || command.operation === "set") {
    checkName(command);
    checkValues(command);
  } else {
    checkKey(command.key, 1);
    checkValues(command);
    if (command.operation === "put" && command.lease !== undefined) checkLeaseId(command.lease);
  }
  if (command.session !== undefined) checkSession(command.session);
}

function checkKey(key: Uint8Array, bytesMin: number): void {
  if (key.length < bytesMin) throw new RaftctlError("INVALID_ARGUMENT", "the key is empty (want 1 byte at least)");
  if (key.length > keyBytesMax) throw new RaftctlError("TOO_LARGE", `key of ${key.length} bytes (at most ${keyBytesMax})`);
}

function checkName({ operation, key: name }: AppendCommand | SetCommand): void {
  const what = operation === "append" ? "stream" : "setting";
  const bytesMax = operation === "append" ? streamNameBytesMax : settingNameBytesMax;
  if (name.length === 0) throw new RaftctlError("INVALID_ARGUMENT", `the name of the ${what} is empty (want 1 byte at least)`);
  if (name.length <= bytesMax) return;
  throw new RaftctlError("TOO_LARGE", `name of a ${what} of ${name.length} bytes (at most ${bytesMax})`);
}

function checkValues(command: PutCommand | DeleteCommand | AppendCommand | SetCommand): void {
  const { condition } = command;
  if (condition?.kind === "version" && !isCount(condition.version)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a version: ${condition.version} (want an integer from 0 to 2^53-1)`);
  }
  const size = ("value" in command ? command.value.length : 0) + (condition?.kind === "value" ? condition.value.length : 0);
  if (size > valueBytesMax) throw new RaftctlError("TOO_LARGE", `value of ${size} bytes (at most ${valueBytesMax}, with the value compared to)`);
}

function checkBody(body: Uint8Array): void {
  if (body.length > valueBytesMax) throw new RaftctlError("TOO_LARGE", `transaction of ${body.length} bytes (at most ${valueBytesMax})`);
}

function checkTarget({ target, session }: SessionCloseCommand): void {
  if (target < 1n || target > u64Max) throw new RaftctlError("INVALID_ARGUMENT", `not the id of a session: ${target} (want 1 to 2^64-1)`);
  if (target === session?.id) throw new RaftctlError("INVALID_ARGUMENT", `session ${target} cannot close itself`, { hint: "close it with a request of another session" });
}

function checkSession(session: SessionStamp): void {
  if (session.id < 1n || session.id > u64Max || session.sequence < 1 || !isCount(session.sequence)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a session stamp: id ${session.id}, sequence ${session.sequence} (both start at 1)`);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
