// The one table of error codes. An error of the world carries a code from here; the code fixes the exit code of the command line, whether
// repeating the same call can help, and where docs/errors.md explains the remedy. Our own bugs are assertions (assert.ts).

export type ExitCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

interface ErrorKind {
  readonly exit: ExitCode;
  /** Repeating the call later may succeed, and cannot apply an effect twice. */
  readonly retryable: boolean;
  /** Absent: nothing was done, and nothing will be. */
  readonly outcome?: "unknown";
}

const kinds = {
  INTERNAL: { exit: 1, retryable: false, outcome: "unknown" },
  IO_ERROR: { exit: 1, retryable: false, outcome: "unknown" },
  NOT_READY: { exit: 1, retryable: true },
  BUSY: { exit: 1, retryable: true },
  STOPPED: { exit: 1, retryable: true },
  TIMEOUT: { exit: 1, retryable: true },
  CANCELLED: { exit: 1, retryable: false },
  CONFIG_INVALID: { exit: 2, retryable: false },
  USAGE: { exit: 2, retryable: false },
  INVALID_ARGUMENT: { exit: 2, retryable: false },
  TOO_LARGE: { exit: 2, retryable: false },
  BAD_FRAME: { exit: 1, retryable: false },
  BAD_REQUEST: { exit: 2, retryable: false },
  UNREACHABLE: { exit: 3, retryable: true },
  CONNECTION_LOST: { exit: 3, retryable: true },
  ADDRESS_IN_USE: { exit: 3, retryable: false },
  NOT_FOUND: { exit: 4, retryable: false },
  NOT_INITIALIZED: { exit: 4, retryable: false },
  UNKNOWN_GROUP: { exit: 4, retryable: false },
  NO_LEADER: { exit: 5, retryable: true },
  NOT_LEADER: { exit: 5, retryable: true },
  CONFLICT: { exit: 6, retryable: false },
  ALREADY_INITIALIZED: { exit: 6, retryable: false },
  ALREADY_MEMBER: { exit: 6, retryable: false },
  CHANGE_IN_PROGRESS: { exit: 6, retryable: true },
  LOCKED: { exit: 6, retryable: false },
  TRANSFER_FAILED: { exit: 6, retryable: true },
  REJECTED: { exit: 7, retryable: false },
  CLUSTER_MISMATCH: { exit: 8, retryable: false },
  CLUSTER_RECOVERED: { exit: 8, retryable: false },
  PEER_IDENTITY_MISMATCH: { exit: 8, retryable: false },
  INCARNATION_REFUSED: { exit: 8, retryable: false },
  REMOVED: { exit: 8, retryable: false },
  DENIED: { exit: 8, retryable: false },
  INSECURE: { exit: 9, retryable: false },
  UNSAFE: { exit: 9, retryable: false },
  UNKNOWN_OUTCOME: { exit: 10, retryable: false, outcome: "unknown" },
  UNHEALTHY: { exit: 11, retryable: true },
  DIFFERENT: { exit: 12, retryable: false },
  CORRUPT: { exit: 13, retryable: false },
  NO_SPACE: { exit: 14, retryable: true },
  INCOMPATIBLE: { exit: 15, retryable: false },
} satisfies Record<string, ErrorKind>;

const kindOf = (code: ErrorCode): ErrorKind => kinds[code];

export type ErrorCode = keyof typeof kinds;
export const errorCodes = Object.keys(kinds) as readonly ErrorCode[];

export interface ErrorExtras {
  readonly cause?: unknown;
  /** What a program may want to know: plain JSON values only. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The command or setting that helps, in a few words. */
  readonly hint?: string;
}

export class RaftctlError extends Error {
  override readonly name = "RaftctlError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly hint: string | undefined;

  /** @param message one line that names the value and what is wrong with it. */
  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.details = extras.details;
    this.hint = extras.hint;
  }

  get exit(): ExitCode {
    return kindOf(this.code).exit;
  }

  get retryable(): boolean {
    return kindOf(this.code).retryable;
  }

  /** none: the call that rejected with this had no effect and will have none. unknown: it may have had one, or may still have it. */
  get outcome(): "none" | "unknown" {
    return kindOf(this.code).outcome ?? "none";
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(kinds, text);
}

/** Anything that was thrown, as an error with a code; what has none is INTERNAL. */
export function toRaftctlError(thrown: unknown): RaftctlError {
  if (thrown instanceof RaftctlError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RaftctlError("INTERNAL", message, { cause: thrown });
}
