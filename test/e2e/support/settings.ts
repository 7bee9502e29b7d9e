// Timing of the clusters in the tests: fast, for many elections in little time, and as shipped, where the promise is about the default.

import type { Settings } from "./daemon-process.ts";

export const fast: Settings = {
  raft: { electionTimeout: "400ms", heartbeatInterval: "50ms" },
  network: { connectTimeout: "200ms" },
};

/** Reads with consistency lease ask no majority. */
export const fastWithLeaseReads: Settings = { ...fast, raft: { electionTimeout: "400ms", heartbeatInterval: "50ms", leaseReads: true } };

/** The defaults, spelt out where a test computes with them. */
export const shippedElectionTimeoutMs = 1000;

/** A log that is cut after every megabyte, so that a follower that was away is behind it. */
export const smallLog: Settings = {
  ...fast,
  wal: { segmentBytes: "1MiB" },
  compaction: { logBytes: "1MiB", trailingEntries: 100, trailingBytes: "64KiB" },
};
