// A replicated operation as bytes. The client makes them; the leader adds the time at which it took them in; from then on they are the entry's data in every
// log, on every wire and in the machine, and nobody encodes them again. All integers are little-endian. Every command has exactly one encoding in each
// version, so a check compares a few lengths, and decoding gives views of the bytes and copies nothing.
//
//    0  u8   version: 1 of a client,           16  u64  session id, 0 = none
//            2 in a log, with the time         24  u64  sequence number in the session, 0 = none
//    1  u8   operation                         32  u64  version that the condition wants, else 0
//    2  u8   bit 0 wantPrevious,               40  u64  in version 2 only: the leader's clock, ms since 1970
//            bits 1-2 condition, bit 3 open    40 or 48 key | end | value | value that the condition wants
//    3  u8   0
//    4  u16  length of key (start, stream)      8  u32  length of value
//    6  u16  length of end                     12  u32  length of the value that the condition wants

import { emptyBytes, readSafeU64, readU32, writeSafeU64, writeU32 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { limits } from "./limits.ts";

const clientHeaderBytes = 40;
const stampedHeaderBytes = 48;
/** The value and the value that a condition wants together have at most valueBytesMax: so no command is above limits.commandBytesMax. */
const { keyBytesMax, valueBytesMax } = limits;
/** One byte holds the length of a name that is not empty. */
export const streamNameBytesMax = 256;
export const settingNameBytesMax = 64;

export type Command = PutCommand | DeleteCommand | DeleteRangeCommand | AppendCommand | SetCommand | SettleCommand | TxnCommand;

export interface PutCommand {
  readonly operation: "put";
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly condition?: Condition | undefined;
  /** The result carries the record that was there before. */
  readonly wantPrevious: boolean;
  readonly session?: SessionStamp | undefined;
}

export interface DeleteCommand {
  readonly operation: "delete";
  readonly key: Uint8Array;
  readonly condition?: Condition | undefined;
  readonly wantPrevious: boolean;
  readonly session?: SessionStamp | undefined;
}

/** All keys in the range or none, in one step. */
export interface DeleteRangeCommand {
  readonly operation: "deleteRange";
  /** Included; empty means from the first key. */
  readonly start: Uint8Array;
  /** Excluded; undefined means to the last key. */
  readonly end: Uint8Array | undefined;
  readonly session?: SessionStamp | undefined;
}

/** One more record at the end of a stream; the first one makes the stream. */
export interface AppendCommand {
  readonly operation: "append";
  /** Name of the stream, 1 to `streamNameBytesMax` bytes. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Nothing is replaced, so there is nothing to compare with and nothing to tell. */
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
}

/** Tells the whole cluster something (machine/settings.ts). */
export interface SetCommand {
  readonly operation: "set";
  /** Name of the setting, 1 to `settingNameBytesMax` bytes. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
}

/** Changes nothing but this: the request with this stamp is not executed any more, unless it has been. Answered with its result, or with `neverApplied`. */
export interface SettleCommand {
  readonly operation: "settle";
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session: SessionStamp;
}

/** Comparisons, and steps that follow from them, all at one index. */
export interface TxnCommand {
  readonly operation: "txn";
  /** As wire/txn.ts encodes it; here it is bytes, at most `valueBytesMax`. */
  readonly body: Uint8Array;
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
}

/** What must hold for the operation to have an effect. Version 0 is the version of a key that does not exist. */
export type Condition =
  | { readonly kind: "absent" }
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "value"; readonly value: Uint8Array };

/** Makes a repeated command harmless (diss. §6.3). */
export interface SessionStamp {
  /** 1 to 2^64-1, chosen at random by the client. */
  readonly id: bigint;
  /** Above an index that the log has reached for the first command of the session, one more for each new one, the same for a repetition. */
  readonly sequence: number;
}

const clientVersion = 1;
const stampedVersion = 2;
/** The numbers stand in every log: never change or reuse one. */
const operations = { put: 1, delete: 2, deleteRange: 3, append: 4, set: 5, settle: 6, txn: 7 } as const;
/** Whose key is a name, and which have neither condition nor previous record. */
const nameBytesMax: Readonly<Record<number, number>> = { [operations.append]: streamNameBytesMax, [operations.set]: settingNameBytesMax };
const operationNames = new Map<number, Command["operation"]>(Object.entries(operations).map(([name, number]) => [number, name as Command["operation"]]));
const conditionKinds = { none: 0, absent: 1, version: 2, value: 3 } as const;
const previousFlag = 0b0001;
const openEndFlag = 0b1000;
const u64Max = 2n ** 64n - 1n;
/** The last moment that a Date can hold. */
const timeMax = 8_640_000_000_000_000;

/** unknown: made by a newer version. It is refused at the door; in a log it means that this node is too old to go on. */
export type CommandFault = "malformed" | "tooLarge" | "unknown";

/** What is wrong with these bytes; undefined for exactly those that decode. Constant time, allocates nothing. */
export function commandFault(bytes: Uint8Array): CommandFault | undefined {
  if (bytes.length < 2) return "malformed";
  const operation = bytes[1]!;
  if (!isVersionKnown(bytes) || operation < operations.put || operation > operations.txn) return "unknown";
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
  if (flags > 0b111 || readU16(bytes, 4) === 0 || readU16(bytes, 6) !== 0) return false;
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

/** The same command as a leader puts it into its log. Anything but a client's command is left as it is. @param time ms since 1970, on its clock */
export function withTime(bytes: Uint8Array, time: number): Uint8Array {
  if (bytes[0] !== clientVersion || bytes.length < clientHeaderBytes) return bytes;
  const stamped = new Uint8Array(bytes.length + stampedHeaderBytes - clientHeaderBytes);
  stamped.set(bytes.subarray(0, clientHeaderBytes));
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
  const valueEnd = keyEnd + readU32(bytes, 8);
  if (operation === operations.append) return { operation: "append", key, value: bytes.subarray(keyEnd), session };
  if (operation === operations.set) return { operation: "set", key, value: bytes.subarray(keyEnd), session };
  const condition = decodeCondition(bytes, valueEnd);
  const wantPrevious = (bytes[2]! & previousFlag) !== 0;
  if (operation === operations.delete) return { operation: "delete", key, condition, wantPrevious, session };
  return { operation: "put", key, value: bytes.subarray(keyEnd, valueEnd), condition, wantPrevious, session };
}

function decodeSession(bytes: Uint8Array): SessionStamp | undefined {
  const sequence = readSafeU64(bytes, 24);
  if (sequence === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + 16, 8);
  return { id: view.getBigUint64(0, true), sequence };
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

/** Whether it may make the data larger: only a command that decodes. */
export function addsData(bytes: Uint8Array): boolean {
  return bytes[1] === operations.put || bytes[1] === operations.append || bytes[1] === operations.txn;
}

/** Throws INVALID_ARGUMENT for an empty key or a number out of range, TOO_LARGE for a key or value above its limit. */
export function encodeCommand(command: Command): Uint8Array {
  checkLimits(command);
  const key = keyOf(command);
  const end = command.operation === "deleteRange" ? command.end : undefined;
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
  if (condition?.kind === "version") writeSafeU64(bytes, 32, condition.version);
  let offset = clientHeaderBytes;
  for (const part of parts) {
    if (part === undefined) continue;
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function keyOf(command: Command): Uint8Array {
  if (command.operation === "settle" || command.operation === "txn") return emptyBytes;
  return command.operation === "deleteRange" ? command.start : command.key;
}

function valueOf(command: Command): Uint8Array | undefined {
  if (command.operation === "txn") return command.body;
  return command.operation === "put" || command.operation === "append" || command.operation === "set" ? command.value : undefined;
}

function flagsOf(command: Command): number {
  if (command.operation === "deleteRange") return command.end === undefined ? openEndFlag : 0;
  return (conditionKinds[command.condition?.kind ?? "none"] << 1) | (command.wantPrevious === true ? previousFlag : 0);
}

function writeSession(bytes: Uint8Array, session: SessionStamp): void {
  new DataView(bytes.buffer).setBigUint64(16, session.id, true);
  writeSafeU64(bytes, 24, session.sequence);
}

function checkLimits(command: Command): void {
  if (command.operation === "deleteRange") {
    checkKey(command.start, 0);
    checkKey(command.end ?? command.start, 0);
  } else if (command.operation === "settle") {
    checkSession(command.session);
  } else if (command.operation === "txn") {
    checkValues(command);
  } else if (command.operation === "append" || command.operation === "set") {
    checkName(command);
    checkValues(command);
  } else {
    checkKey(command.key, 1);
    checkValues(command);
  }
  if (command.session !== undefined) checkSession(command.session);
}

function checkKey(key: Uint8Array, bytesMin: number): void {
  if (key.length < bytesMin) throw new RaftctlError("INVALID_ARGUMENT", "the key is empty (want 1 byte at least)");
  if (key.length > keyBytesMax) throw new RaftctlError("TOO_LARGE", `key of ${key.length} bytes (at most ${keyBytesMax})`);
}

function checkName({ operation, key: name }: AppendCommand | SetCommand): void {
  const what = operation === "append" ? "stream" : "setting";
  const bytesMax = nameBytesMax[operations[operation]]!;
  if (name.length === 0) throw new RaftctlError("INVALID_ARGUMENT", `the name of the ${what} is empty (want 1 byte at least)`);
  if (name.length <= bytesMax) return;
  throw new RaftctlError("TOO_LARGE", `name of a ${what} of ${name.length} bytes (at most ${bytesMax})`);
}

function checkValues(command: PutCommand | DeleteCommand | AppendCommand | SetCommand | TxnCommand): void {
  const { condition } = command;
  if (condition?.kind === "version" && !isCount(condition.version)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a version: ${condition.version} (want an integer from 0 to 2^53-1)`);
  }
  const size = (valueOf(command)?.length ?? 0) + (condition?.kind === "value" ? condition.value.length : 0);
  if (size > valueBytesMax) throw new RaftctlError("TOO_LARGE", `value of ${size} bytes (at most ${valueBytesMax}, with the value compared to)`);
}

function checkSession(session: SessionStamp): void {
  if (session.id < 1n || session.id > u64Max || session.sequence < 1 || !isCount(session.sequence)) {
    throw new RaftctlError("INVALID_ARGUMENT", `not a session stamp: id ${session.id}, sequence ${session.sequence} (both start at 1)`);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function readU16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}
