// How a node drives its log, whatever the configuration says. Whoever times the log by itself uses the same numbers.

export const walBounds = {
  /** Bytes of one write to the log: what takes a disk a few milliseconds. */
  batchBytesMax: 1024 * 1024,
  /** After this much quiet a mark proves that the last batch was durable. */
  idleMarkMs: 20,
  freeBytesMin: 16 * 1024 * 1024,
} as const;
