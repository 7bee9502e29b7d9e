// The parts of a data directory, as faults and properties name them, and the points that an operation on each of them passes.

export type Area = "wal" | "snapshots" | "boots" | "identity" | "other";

const operations = [
  "open", "readDirectory", "makeDirectory", "rename", "unlink", "syncDirectory", "exists", "freeBytes",
  "size", "read", "write", "writeDurable", "sync", "allocate", "truncate", "close",
] as const;
export type DiskOperation = (typeof operations)[number];

/** What is passed when an operation is issued, and right before its answer. */
export interface OperationPoint {
  readonly issued: string;
  readonly done: string;
}

export type AreaPoints = Readonly<Record<DiskOperation, OperationPoint>>;

const areaPatterns: readonly (readonly [Area, RegExp])[] = [
  ["wal", /\/wal(\/|$)/],
  ["snapshots", /\/snapshots(\/|$)/],
  ["boots", /\/boots(\.tmp)?$/],
  ["identity", /\/identity(\.tmp)?$/],
];

/** Of a file or a directory. */
export function areaOf(path: string): Area {
  return areaPatterns.find(([, pattern]) => pattern.test(path))?.[0] ?? "other";
}

/** Made once: every operation of every disk passes two of them. */
export const pointsOf: Readonly<Record<Area, AreaPoints>> = {
  wal: points("wal"), snapshots: points("snapshots"), boots: points("boots"), identity: points("identity"), other: points("other"),
};

function points(area: Area): AreaPoints {
  const made = operations.map((operation) => [operation, { issued: `disk.${operation}.${area}`, done: `disk.${operation}.${area}.done` }]);
  return Object.fromEntries(made) as AreaPoints;
}
