// The one table of error codes. An error of the world carries a code from here; the code fixes the exit code of the command line, the
// status over HTTP, whether repeating the same call can help, and where docs/errors.md explains the remedy. Our own bugs are assertions (assert.ts).

export type ExitCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

interface ErrorKind {
  readonly exit: ExitCode;
  /** Status of the answer over HTTP. */
  readonly http: number;
  /** Repeating the call later may succeed, and cannot apply an effect twice. */
  readonly retryable: boolean;
  /** Absent: nothing was done, and nothing will be. */
  readonly outcome?: "unknown";
}

const kinds = {
  INTERNAL: { exit: 1, http: 500, retryable: false, outcome: "unknown" },
  IO_ERROR: { exit: 1, http: 500, retryable: false, outcome: "unknown" },
  NOT_READY: { exit: 1, http: 503, retryable: true },
  BUSY: { exit: 1, http: 503, retryable: true },
  STOPPED: { exit: 1, http: 503, retryable: true },
  TIMEOUT: { exit: 1, http: 504, retryable: true },
  CANCELLED: { exit: 1, http: 503, retryable: false },
  CONFIG_INVALID: { exit: 2, http: 400, retryable: false },
  USAGE: { exit: 2, http: 400, retryable: false },
  INVALID_ARGUMENT: { exit: 2, http: 400, retryable: false },
  TOO_LARGE: { exit: 2, http: 413, retryable: false },
  BAD_FRAME: { exit: 1, http: 400, retryable: false },
  BAD_REQUEST: { exit: 2, http: 400, retryable: false },
  UNREACHABLE: { exit: 3, http: 503, retryable: true },
  CONNECTION_LOST: { exit: 3, http: 503, retryable: true },
  ADDRESS_IN_USE: { exit: 3, http: 500, retryable: false },
  NOT_FOUND: { exit: 4, http: 404, retryable: false },
  LEASE_NOT_FOUND: { exit: 4, http: 404, retryable: false },
  NOT_INITIALIZED: { exit: 4, http: 404, retryable: false },
  UNKNOWN_GROUP: { exit: 4, http: 404, retryable: false },
  COMPACTED: { exit: 4, http: 410, retryable: false },
  VIEW_GONE: { exit: 1, http: 410, retryable: true },
  NO_LEADER: { exit: 5, http: 503, retryable: true },
  NOT_LEADER: { exit: 5, http: 503, retryable: true },
  CONFLICT: { exit: 6, http: 409, retryable: false },
  ALREADY_INITIALIZED: { exit: 6, http: 409, retryable: false },
  ALREADY_MEMBER: { exit: 6, http: 409, retryable: false },
  CHANGE_IN_PROGRESS: { exit: 6, http: 409, retryable: true },
  LOCKED: { exit: 6, http: 409, retryable: false },
  TRANSFER_FAILED: { exit: 6, http: 409, retryable: true },
  REJECTED: { exit: 7, http: 422, retryable: false },
  CLUSTER_MISMATCH: { exit: 8, http: 403, retryable: false },
  CLUSTER_RECOVERED: { exit: 8, http: 403, retryable: false },
  PEER_IDENTITY_MISMATCH: { exit: 8, http: 403, retryable: false },
  INCARNATION_REFUSED: { exit: 8, http: 403, retryable: false },
  REMOVED: { exit: 8, http: 403, retryable: false },
  DENIED: { exit: 8, http: 403, retryable: false },
  INSECURE: { exit: 9, http: 403, retryable: false },
  UNSAFE: { exit: 9, http: 403, retryable: false },
  UNKNOWN_OUTCOME: { exit: 10, http: 504, retryable: false, outcome: "unknown" },
  UNHEALTHY: { exit: 11, http: 503, retryable: true },
  DIFFERENT: { exit: 12, http: 409, retryable: false },
  CORRUPT: { exit: 13, http: 500, retryable: false },
  NO_SPACE: { exit: 14, http: 507, retryable: true },
  INCOMPATIBLE: { exit: 15, http: 400, retryable: false },
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

  get httpStatus(): number {
    return kinds[this.code].http;
  }

  get retryable(): boolean {
    return kindOf(this.code).retryable;
  }

  /** none: the call that rejected with this had no effect and will have none. unknown: it may have had one, or may still have it. */
  get outcome(): "none" | "unknown" {
    return kindOf(this.code).outcome ?? "none";
  }
}

/** One that another process met. Where this one read it says nothing, and to take that stack would cost several times the rest of an answer. */
export function remoteError(code: ErrorCode, message: string, extras: ErrorExtras): RaftctlError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new RaftctlError(code, message, extras);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
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
