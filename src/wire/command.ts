// A replicated operation as bytes. The client makes them; the leader adds the time at which it took them in; from then on they are the entry's data in every
// log, on every wire and in the machine, and nobody encodes them again. All integers are little-endian. Every command has exactly one encoding in each
// version, so a check compares a few lengths, and decoding gives views of the bytes and copies nothing.
//
//    0  u8   version: 1 of a client,           16  u64  session id, 0 = none
//            2 in a log, with the time         24  u64  sequence number in the session, 0 = none
//    1  u8   operation                         32  u64  version that the condition wants; of a lease its ttl, ms,
//    2  u8   bit 0 wantPrevious (expired),              or the index of the grant that is over; else 0
//            bits 1-2 condition, bit 3 open    40  u64  in version 2 only: the leader's clock, ms since 1970
//    3  u8   0                                 40 or 48 key | end or lease | value | value that the condition wants
//    4  u16  length of key (start, stream)      8  u32  length of value
//    6  u16  length of end; of a lease's or    12  u32  length of the value that the condition wants
//            a closed session's id 8

import { emptyBytes, readSafeU64, readU16, readU32, readU64, writeSafeU64, writeU16, writeU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { Command, Condition, SessionStamp } from "./command-types.ts";
import { checkCommandLimits, settingNameBytesMax, streamNameBytesMax } from "./command-limits.ts";
import { expiredFlag, isGrantSound, isLeaseIdAt, isRevokeSound, leaseAt, leaseIdBytes, leaseIdBytesOf } from "./lease-command.ts";
import { limits } from "./limits.ts";

const clientHeaderBytes = 40;
const stampedHeaderBytes = 48;
/** The value and the value that a condition wants together have at most valueBytesMax: so no command is above limits.commandBytesMax. */
const { keyBytesMax, valueBytesMax } = limits;

export type * from "./command-types.ts";

const clientVersion = 1;
const stampedVersion = 2;
/** The numbers stand in every log: never change or reuse one. */
const operations = { put: 1, delete: 2, deleteRange: 3, append: 4, set: 5, settle: 6, txn: 7, leaseGrant: 8, leaseRevoke: 9, sessionClose: 10 } as const;
/** Whose key is a name, and which have neither condition nor previous record. */
const nameBytesMax: Readonly<Record<number, number>> = { [operations.append]: streamNameBytesMax, [operations.set]: settingNameBytesMax };
const operationNames = new Map<number, Command["operation"]>(Object.entries(operations).map(([name, number]) => [number, name as Command["operation"]]));
const conditionKinds = { none: 0, absent: 1, version: 2, value: 3 } as const;
const previousFlag = 0b0001;
const openEndFlag = 0b1000;
/** The last moment that a Date can hold. */
const timeMax = 8_640_000_000_000_000;

/** unknown: made by a newer version. It is refused at the door; in a log it means that this node is too old to go on. */
export type CommandFault = "malformed" | "tooLarge" | "unknown";

/** What is wrong with these bytes; undefined for exactly those that decode. Constant time, allocates nothing. */
export function commandFault(bytes: Uint8Array): CommandFault | undefined {
  if (bytes.length < 2) return "malformed";
  const operation = bytes[1]!;
  if (!isVersionKnown(bytes) || !operationNames.has(operation)) return "unknown";
  const headerBytes = headerBytesOf(bytes);
  if (bytes.length < headerBytes || bytes[3] !== 0) return "malformed";
  const keyLength = readU16(bytes, 4);
  const endLength = readU16(bytes, 6);
  const valueLength = readU32(bytes, 8);
  const wantedLength = readU32(bytes, 12);
  const keyLengthMax = nameBytesMax[operation] ?? keyBytesMax;
  if (keyLength > keyLengthMax || endLength > keyBytesMax || valueLength + wantedLength > valueBytesMax) return "tooLarge";
  if (bytes.length !== headerBytes + keyLength + endLength + valueLength + wantedLength) return "malformed";
  if (!isSessionSound(bytes) || !((timeOf(bytes) ?? 0) <= timeMax)) return "malformed";
  return isSound(bytes) ? undefined : "malformed";
}

function isSound(bytes: Uint8Array): boolean {
  switch (bytes[1]) {
    case operations.deleteRange:
      return isRangeSound(bytes);
    case operations.settle:
      return isStampAlone(bytes);
    case operations.txn:
      return isBodyAlone(bytes);
    case operations.leaseGrant:
      return isLeaseAlone(bytes) && isGrantSound(bytes[2]!, readSafeU64(bytes, 32));
    case operations.leaseRevoke:
      return isLeaseAlone(bytes) && isRevokeSound(bytes[2]!, readSafeU64(bytes, 32));
    case operations.sessionClose:
      return isLeaseAlone(bytes) && bytes[2] === 0 && readSafeU64(bytes, 32) === 0 && !isOwnSession(bytes);
    default:
      return isSingleSound(bytes);
  }
}

function isStampAlone(bytes: Uint8Array): boolean {
  return readSafeU64(bytes, 24) > 0 && bytes.length === headerBytesOf(bytes) && bytes[2] === 0 && readSafeU64(bytes, 32) === 0;
}

function isBodyAlone(bytes: Uint8Array): boolean {
  return bytes.length === headerBytesOf(bytes) + readU32(bytes, 8) && bytes[2] === 0 && readSafeU64(bytes, 32) === 0;
}

function isLeaseAlone(bytes: Uint8Array): boolean {
  return bytes.length === headerBytesOf(bytes) + leaseIdBytes && isLeaseSound(bytes);
}

/** A session that closed itself would have to remember that it did. */
function isOwnSession(bytes: Uint8Array): boolean {
  const target = headerBytesOf(bytes);
  return readU32(bytes, target) === readU32(bytes, 16) && readU32(bytes, target + 4) === readU32(bytes, 20);
}

/** Where a command can name a lease it has its id, or nothing. */
function isLeaseSound(bytes: Uint8Array): boolean {
  return readU16(bytes, 6) === leaseIdBytes && isLeaseIdAt(bytes, headerBytesOf(bytes) + readU16(bytes, 4));
}

function isVersionKnown(bytes: Uint8Array): boolean {
  return bytes[0] === clientVersion || bytes[0] === stampedVersion;
}

function headerBytesOf(bytes: Uint8Array): number {
  return bytes[0] === stampedVersion ? stampedHeaderBytes : clientHeaderBytes;
}

function isSessionSound(bytes: Uint8Array): boolean {
  const hasId = readU32(bytes, 16) !== 0 || readU32(bytes, 20) !== 0;
  const sequence = readSafeU64(bytes, 24);
  return hasId ? sequence >= 1 : sequence === 0;
}

function isRangeSound(bytes: Uint8Array): boolean {
  const flags = bytes[2]!;
  const hasEnd = readU16(bytes, 6) > 0;
  const isEndSound = hasEnd ? flags === 0 : flags === openEndFlag || flags === 0;
  return isEndSound && readU32(bytes, 8) === 0 && readU32(bytes, 12) === 0 && readSafeU64(bytes, 32) === 0;
}

function isSingleSound(bytes: Uint8Array): boolean {
  const flags = bytes[2]!;
  const condition = flags >>> 1;
  if (flags > 0b111 || readU16(bytes, 4) === 0) return false;
  if (readU16(bytes, 6) !== 0 && !(bytes[1] === operations.put && isLeaseSound(bytes))) return false;
  if (bytes[1] === operations.delete && readU32(bytes, 8) !== 0) return false;
  if (nameBytesMax[bytes[1]!] !== undefined && flags !== 0) return false;
  if (condition !== conditionKinds.value && readU32(bytes, 12) !== 0) return false;
  const version = readSafeU64(bytes, 32);
  return condition === conditionKinds.version ? !Number.isNaN(version) : version === 0;
}

/** The check at the door: accepts exactly what encodeCommand makes. Throws BAD_REQUEST or TOO_LARGE. */
export function checkCommand(bytes: Uint8Array): void {
  checkEncoding(bytes);
  if (timeOf(bytes) !== undefined) throw new RaftctlError("BAD_REQUEST", "the command has a time already, which a leader adds when it takes it in (send it without)");
}

function checkEncoding(bytes: Uint8Array): void {
  const fault = commandFault(bytes);
  if (fault !== undefined) throw faultError(bytes, fault);
}

/**
 * The same command as a leader puts it into its log. Anything but a client's command is left as it is.
 * @param time ms since 1970, on its clock
 * @param take gives the memory for it, all zero
 */
export function withTime(bytes: Uint8Array, time: number, take = (length: number): Uint8Array => new Uint8Array(length)): Uint8Array {
  if (bytes[0] !== clientVersion || bytes.length < clientHeaderBytes) return bytes;
  const stamped = take(bytes.length + stampedHeaderBytes - clientHeaderBytes);
  for (let at = 0; at < clientHeaderBytes; at += 1) stamped[at] = bytes[at]!;
  stamped[0] = stampedVersion;
  writeSafeU64(stamped, clientHeaderBytes, Math.min(Math.max(0, Math.trunc(time)), timeMax));
  stamped.set(bytes.subarray(clientHeaderBytes), stampedHeaderBytes);
  return stamped;
}

/** ms since 1970, on the clock of the leader that took it in; undefined for a client's command. Only of a command that decodes. */
export function timeOf(bytes: Uint8Array): number | undefined {
  return bytes[0] === stampedVersion ? readSafeU64(bytes, clientHeaderBytes) : undefined;
}

function faultError(bytes: Uint8Array, fault: CommandFault): RaftctlError {
  if (fault === "tooLarge") {
    const bounds = `a key has at most ${keyBytesMax} bytes, a stream's name ${streamNameBytesMax}, a value ${valueBytesMax}`;
    return new RaftctlError("TOO_LARGE", `command of ${bytes.length} bytes (${bounds})`);
  }
  if (fault === "unknown") {
    return new RaftctlError("BAD_REQUEST", `unknown command: version ${bytes[0]}, operation ${bytes[1]} (upgrade every node first)`);
  }
  return new RaftctlError("BAD_REQUEST", `malformed command of ${bytes.length} bytes`);
}

/** The parts are views of `bytes`. Throws BAD_REQUEST or TOO_LARGE for anything that encodeCommand and withTime did not make. */
export function decodeCommand(bytes: Uint8Array): Command {
  checkEncoding(bytes);
  return decodeSoundCommand(bytes);
}

/** Of bytes that `commandFault` has nothing against. */
export function decodeSoundCommand(bytes: Uint8Array): Command {
  const operation = bytes[1]!;
  const headerBytes = headerBytesOf(bytes);
  const keyEnd = headerBytes + readU16(bytes, 4);
  const key = bytes.subarray(headerBytes, keyEnd);
  const session = decodeSession(bytes);
  if (operation === operations.deleteRange) {
    const end = bytes[2] === openEndFlag ? undefined : bytes.subarray(keyEnd);
    return { operation: "deleteRange", start: key, end, session };
  }
  if (operation === operations.settle) return { operation: "settle", session: session! };
  if (operation === operations.txn) return { operation: "txn", body: bytes.subarray(headerBytes), session };
  if (operation === operations.leaseGrant) return { operation: "leaseGrant", lease: leaseAt(bytes, keyEnd), ttlMs: readSafeU64(bytes, 32), session };
  if (operation === operations.leaseRevoke) {
    const expiredGrant = bytes[2] === expiredFlag ? readSafeU64(bytes, 32) : undefined;
    return { operation: "leaseRevoke", lease: leaseAt(bytes, keyEnd), expiredGrant, session };
  }
  if (operation === operations.sessionClose) return { operation: "sessionClose", target: leaseAt(bytes, keyEnd), session };
  const valueStart = keyEnd + readU16(bytes, 6);
  const valueEnd = valueStart + readU32(bytes, 8);
  if (operation === operations.append) return { operation: "append", key, value: bytes.subarray(keyEnd), session };
  if (operation === operations.set) return { operation: "set", key, value: bytes.subarray(keyEnd), session };
  const condition = decodeCondition(bytes, valueEnd);
  const wantPrevious = (bytes[2]! & previousFlag) !== 0;
  if (operation === operations.delete) return { operation: "delete", key, condition, wantPrevious, session };
  const lease = valueStart === keyEnd ? undefined : leaseAt(bytes, keyEnd);
  return { operation: "put", key, value: bytes.subarray(valueStart, valueEnd), condition, wantPrevious, lease, session };
}

function decodeSession(bytes: Uint8Array): SessionStamp | undefined {
  const sequence = readSafeU64(bytes, 24);
  if (sequence === 0) return undefined;
  return { id: readU64(bytes, 16), sequence };
}

function decodeCondition(bytes: Uint8Array, wantedStart: number): Condition | undefined {
  switch (bytes[2]! >>> 1) {
    case conditionKinds.absent:
      return { kind: "absent" };
    case conditionKinds.version:
      return { kind: "version", version: readSafeU64(bytes, 32) };
    case conditionKinds.value:
      return { kind: "value", value: bytes.subarray(wantedStart) };
    default:
      return undefined;
  }
}

/** Only of a command that decodes. */
export function operationOf(bytes: Uint8Array): Command["operation"] {
  return operationNames.get(bytes[1]!)!;
}

/** Only of a command that decodes. */
export function isSetting(bytes: Uint8Array): boolean {
  return bytes[1] === operations.set;
}

/** Whether it says that a lease's time is over, which only the leader can tell. Only of a command that decodes. */
export function isExpiry(bytes: Uint8Array): boolean {
  return bytes[1] === operations.leaseRevoke && bytes[2] === expiredFlag;
}

/** Whether it may make the data larger: only a command that decodes. */
export function addsData(bytes: Uint8Array): boolean {
  return bytes[1] === operations.put || bytes[1] === operations.append || bytes[1] === operations.txn || bytes[1] === operations.leaseGrant;
}

/** Throws INVALID_ARGUMENT for an empty key or a number out of range, TOO_LARGE for a key or value above its limit. */
export function encodeCommand(command: Command): Uint8Array {
  checkCommandLimits(command);
  const key = keyOf(command);
  const end = endOf(command);
  const value = valueOf(command);
  const condition = command.operation === "deleteRange" ? undefined : command.condition;
  const wanted = condition?.kind === "value" ? condition.value : undefined;
  const parts = [key, end, value, wanted];
  const bytes = new Uint8Array(parts.reduce((total, part) => total + (part?.length ?? 0), clientHeaderBytes));
  bytes[0] = clientVersion;
  bytes[1] = operations[command.operation];
  bytes[2] = flagsOf(command);
  writeU16(bytes, 4, key.length);
  writeU16(bytes, 6, end?.length ?? 0);
  writeU32(bytes, 8, value?.length ?? 0);
  writeU32(bytes, 12, wanted?.length ?? 0);
  if (command.session !== undefined) writeSession(bytes, command.session);
  writeSafeU64(bytes, 32, numberOf(command));
  let offset = clientHeaderBytes;
  for (const part of parts) {
    if (part === undefined) continue;
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function keyOf(command: Command): Uint8Array {
  if (command.operation === "deleteRange") return command.start;
  return "key" in command ? command.key : emptyBytes;
}

function endOf(command: Command): Uint8Array | undefined {
  if (command.operation === "deleteRange") return command.end;
  if (command.operation === "sessionClose") return leaseIdBytesOf(command.target);
  const isLeased = command.operation === "put" || command.operation === "leaseGrant" || command.operation === "leaseRevoke";
  return isLeased && command.lease !== undefined ? leaseIdBytesOf(command.lease) : undefined;
}

/** What stands where a condition has its version. */
function numberOf(command: Command): number {
  if (command.operation === "leaseGrant") return command.ttlMs;
  if (command.operation === "leaseRevoke") return command.expiredGrant ?? 0;
  const condition = command.operation === "deleteRange" ? undefined : command.condition;
  return condition?.kind === "version" ? condition.version : 0;
}

function valueOf(command: Command): Uint8Array | undefined {
  if (command.operation === "txn") return command.body;
  return command.operation === "put" || command.operation === "append" || command.operation === "set" ? command.value : undefined;
}

function flagsOf(command: Command): number {
  if (command.operation === "deleteRange") return command.end === undefined ? openEndFlag : 0;
  if (command.operation === "leaseRevoke") return command.expiredGrant === undefined ? 0 : expiredFlag;
  return (conditionKinds[command.condition?.kind ?? "none"] << 1) | (command.wantPrevious === true ? previousFlag : 0);
}

function writeSession(bytes: Uint8Array, session: SessionStamp): void {
  new DataView(bytes.buffer).setBigUint64(16, session.id, true);
  writeSafeU64(bytes, 24, session.sequence);
}
