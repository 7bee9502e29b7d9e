// The exit codes of the command line, a stable interface: scripts branch on them. Which error has which code is fixed in base/errors.ts; this
// is the other direction, the name and the meaning of each number for help texts and docs/errors.md.

export const exitCodes = {
  0: { name: "OK", meaning: "done" },
  1: { name: "ERROR", meaning: "unexpected or internal" },
  2: { name: "USAGE", meaning: "bad flag, argument or configuration" },
  3: { name: "UNREACHABLE", meaning: "the admin socket or endpoint refused, no daemon" },
  4: { name: "NOT_FOUND", meaning: "key, member, region or file is absent" },
  5: { name: "NO_LEADER", meaning: "no quorum or no leader" },
  6: { name: "CONFLICT", meaning: "a condition did not hold, or a change is already in progress" },
  7: { name: "REJECTED", meaning: "a rule, or the application's validator, refused" },
  8: { name: "DENIED", meaning: "authentication, authorization or identity" },
  9: { name: "UNSAFE", meaning: "refused without --yes or --force" },
  10: { name: "UNKNOWN_OUTCOME", meaning: "sent, but unanswered: may or may not have been applied" },
  11: { name: "UNHEALTHY", meaning: "the check ran and its result is bad" },
  12: { name: "DIFFERENT", meaning: "the compared things differ, legally" },
  13: { name: "CORRUPT", meaning: "a checksum or committed state does not match" },
  14: { name: "NO_SPACE", meaning: "quota or disk is full" },
  15: { name: "INCOMPATIBLE", meaning: "version or format does not fit" },
  130: { name: "SIGINT", meaning: "interrupted" },
  143: { name: "SIGTERM", meaning: "terminated" },
} as const;
