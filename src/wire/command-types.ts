// The replicated operations, taken apart. Their bytes are made and read by command.ts.

export type Command = PutCommand | DeleteCommand | DeleteRangeCommand | AppendCommand | SetCommand | SettleCommand | TxnCommand | LeaseGrantCommand | LeaseRevokeCommand
  | SessionCloseCommand;

export interface PutCommand {
  readonly operation: "put";
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly condition?: Condition | undefined;
  /** The result carries the record that was there before. */
  readonly wantPrevious: boolean;
  /** The key is deleted when this lease ends; absent: it is attached to none, also when it was before. */
  readonly lease?: bigint | undefined;
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

/** Of a lease that exists, with the same ttl: it begins anew. */
export interface LeaseGrantCommand {
  readonly operation: "leaseGrant";
  /** 1 to 2^64-1, chosen at random by the client. */
  readonly lease: bigint;
  /** 1 to `leaseTtlMsMax`. */
  readonly ttlMs: number;
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
}

/** Ends a lease and deletes all keys that are attached to it, in one step. */
export interface LeaseRevokeCommand {
  readonly operation: "leaseRevoke";
  readonly lease: bigint;
  /** Its time is over: the index of the grant that is meant, so that one granted anew stays. Absent: somebody wants it to end. */
  readonly expiredGrant?: number | undefined;
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
}

/** Forgets what a session was answered, and executes none of its numbers up to here any more. */
export interface SessionCloseCommand {
  readonly operation: "sessionClose";
  /** The id of the session that ends; never the one that the command itself is stamped with. */
  readonly target: bigint;
  readonly condition?: undefined;
  readonly wantPrevious?: undefined;
  readonly session?: SessionStamp | undefined;
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
