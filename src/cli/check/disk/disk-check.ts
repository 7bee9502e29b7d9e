// `check disk` from its flags to its finding: how often and how quickly this disk makes an append to the log durable, and whether that will do.

import type { RaftctlError } from "../../../base/errors.ts";
import { loadConfig } from "../../../config/load.ts";
import type { Warning } from "../../envelope.ts";
import { loadRequest } from "../../node-flags.ts";
import { ProgressLine } from "../../progress-line.ts";
import { untilSignalled } from "../interruption.ts";
import { LatencyHistogram } from "../latency-histogram.ts";
import { exactDuration } from "../latency-text.ts";
import { type DiskDocument, diskDocument, diskFinding } from "./disk-document.ts";
import { type DiskFlags, refuseOutOfBounds } from "./disk-flags.ts";

const progressMs = 250;

/** daemon/offline.ts, which this floor may not know. */
export type TimeSyncs = (request: {
  readonly dataDir: string;
  readonly writeBytes: number;
  readonly segmentBytes: number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
  readonly onSync: (tookMs: number) => void;
}) => Promise<{ readonly directory: string; readonly isVolatile: boolean; readonly elapsedMs: number }>;

export interface DiskFinding {
  readonly document: DiskDocument;
  /** undefined for a pass. */
  readonly error: RaftctlError | undefined;
  /** Exit code of the signal that ended it before its time. */
  readonly interrupted: number | undefined;
}

/** @throws whatever keeps the disk from being written to: NO_SPACE, IO_ERROR */
export async function checkDisk(flags: DiskFlags, timeSyncs: TimeSyncs, warn: (warning: Warning) => void): Promise<DiskFinding> {
  const { duration: durationMs, "write-size": writeBytes } = flags;
  refuseOutOfBounds(flags);
  const { config } = await loadConfig(loadRequest(flags, process.env, process.cwd()));
  const histogram = new LatencyHistogram();
  const startMs = performance.now();
  const line = new ProgressLine(flags.quiet || !process.stderr.isTTY);
  const progress = setInterval(() => line.show("syncing", `${Math.round((performance.now() - startMs) / 1000)}s: ${histogram.count} appends, p99 ${exactDuration(histogram.percentile(99))}`), progressMs);
  try {
    const { value: timing, interrupted } = await untilSignalled((signal) => timeSyncs({
      dataDir: config.dataDir, writeBytes, segmentBytes: config.wal.segmentBytes, durationMs, signal, onSync: (ms) => histogram.record(ms),
    }));
    const { directory, elapsedMs, isVolatile } = timing;
    const document = diskDocument(histogram, { dataDir: config.dataDir, directory, writeBytes, electionTimeoutMs: config.raft.electionTimeout, elapsedMs });
    if (isVolatile) warn({ code: "NOT_DURABLE", message: `${directory} is in memory: what is written there is gone with the power` });
    return { document, error: interrupted === undefined ? diskFinding(document) : undefined, interrupted };
  } finally {
    clearInterval(progress);
    line.end();
  }
}
