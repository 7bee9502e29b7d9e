// One command, from its bytes to its result: is it a command, has its session seen it, and which call of the data engine it is. Total: any bytes
// at all get an answer, the same on every node (T25). Only a command of a newer version stops the node (INCOMPATIBLE), because to skip it would
// make this node's content differ from the others' for ever.

import { unreachable } from "../base/assert.ts";
import { utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { type ClusterVersions, clusterVersionSetting, finalizedLevel, levelFault, parseLevel } from "../wire/cluster-version.ts";
import { type Command, commandFault, decodeSoundCommand, type SetCommand, timeOf } from "../wire/command.ts";
import { type CommandResult, encodeResult, type ResultStatus } from "../wire/command-result.ts";
import type { DataEngine } from "./data-engine.ts";
import { nothing, resultOf } from "./results.ts";
import type { SessionTable } from "./sessions.ts";
import type { Settings } from "./settings.ts";
import type { StoreTransaction } from "./store.ts";
import { executeTxn } from "./txn.ts";

export class Dispatch {
  readonly #engine: DataEngine;
  readonly #sessions: SessionTable;
  readonly #settings: Settings;
  readonly #versions: ClusterVersions;

  constructor(engine: DataEngine, sessions: SessionTable, settings: Settings, versions: ClusterVersions) {
    this.#engine = engine;
    this.#sessions = sessions;
    this.#settings = settings;
    this.#versions = versions;
  }

  /** The encoded result. */
  execute(transaction: StoreTransaction, data: Uint8Array, index: number): Uint8Array {
    const fault = commandFault(data);
    if (fault === "unknown") throw incompatible(data, index);
    if (fault !== undefined) return encodeResult({ ...nothing, status: "invalid", index });
    const time = timeOf(data);
    if (time !== undefined) this.#sessions.pass(index, time, transaction);
    const command = decodeSoundCommand(data);
    const { session } = command;
    if (session === undefined) return encodeResult(this.#perform(transaction, command, index));
    const verdict = this.#sessions.verdict(session, index, transaction);
    if (verdict.kind === "repeated") return verdict.result;
    if (verdict.kind === "expired") return encodeResult({ ...nothing, status: "sessionExpired", index });
    if (verdict.kind === "ahead") return encodeResult({ ...nothing, status: "sequenceAhead", index });
    const result = encodeResult(this.#perform(transaction, command, index));
    this.#sessions.remember(session, { index, result }, transaction);
    return result;
  }

  #perform(transaction: StoreTransaction, command: Command, index: number): CommandResult {
    switch (command.operation) {
      case "put":
        return resultOf(this.#engine.put(transaction, command, index), index);
      case "delete":
        return resultOf(this.#engine.del(transaction, command), index);
      case "deleteRange":
        return resultOf(this.#engine.deleteRange(transaction, command), index);
      case "append":
        return { ...nothing, status: "ok", index, offset: this.#engine.append(transaction, command.key, command.value) };
      case "leaseGrant":
        return resultOf(this.#engine.grantLease(transaction, command, index), index);
      case "leaseRevoke":
        return resultOf(this.#engine.revokeLease(transaction, command), index);
      case "set":
        return { ...nothing, status: this.#set(transaction, command), index };
      case "settle":
        return { ...nothing, status: "neverApplied", index };
      case "sessionClose":
        return this.#close(transaction, command.target, index);
      case "txn":
        return executeTxn(command.body, { engine: this.#engine, transaction, index });
      default:
        return unreachable(command);
    }
  }

  #close(transaction: StoreTransaction, target: bigint, index: number): CommandResult {
    const forgotten = this.#sessions.close(target, index, transaction);
    return forgotten === undefined ? { ...nothing, status: "sessionNotFound", index } : { ...nothing, status: "ok", index, deleted: forgotten };
  }

  #set(transaction: StoreTransaction, { key, value }: SetCommand): ResultStatus {
    const isVersion = utf8Text(key) === clusterVersionSetting;
    const status = isVersion ? this.#finalize(utf8Text(value)) : "ok";
    if (status === "ok") this.#settings.set(transaction, key, value);
    return status;
  }

  /** A cluster version never goes back, and a program that does not know it must not go on. */
  #finalize(text: string | undefined): ResultStatus {
    const level = parseLevel(text);
    if (level === undefined) return "invalid";
    if (level < finalizedLevel(this.#settings.get(clusterVersionSetting))) return "conflict";
    const fault = level > this.#versions.newest ? levelFault(level, this.#versions) : undefined;
    if (fault !== undefined) throw fault;
    return "ok";
  }
}

function incompatible(data: Uint8Array, index: number): RaftctlError {
  return new RaftctlError("INCOMPATIBLE", `entry ${index} is a command of version ${data[0]}, operation ${data[1]}, unknown here`, {
    hint: "install the version that the rest of the cluster runs, and start again",
  });
}
