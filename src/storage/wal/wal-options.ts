// What a log is opened with and what it tells about itself.

import type { Clock } from "../../base/clock.ts";
import type { Crc32 } from "../../base/crc.ts";
import type { ClusterId, NodeId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Disk } from "../disk.ts";

export interface WalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly crc32: Crc32;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly clusterId: ClusterId;
  readonly nodeId: NodeId;
  readonly incarnation: number;
  /** Of a new segment file. */
  readonly segmentBytes: number;
  /** A batch that would grow over this takes no further appends; a single append may be larger. */
  readonly batchBytesMax: number;
  /** After this long without an append, a mark proves that the last one was durable. */
  readonly idleMarkMs: number;
  /** Called once, when the log can no longer be trusted: stop the process. */
  readonly onFatal: (error: Error) => void;
  /** Below this the log is read-only. */
  readonly freeBytesMin: number;
}

export interface WalStats {
  /** Of all segment files but the spare. */
  readonly bytes: number;
  readonly segments: number;
  /** Of the last 512 batches, ms; undefined before the first one. */
  readonly fsyncP99Ms: number | undefined;
  /** How long the oldest append has been waiting, ms; undefined when nothing waits. */
  readonly pendingSinceMs: number | undefined;
  /** The disk is full: refuse what would become an entry. What is in flight is still taken as long as there is room. */
  readonly readOnly: boolean;
}
