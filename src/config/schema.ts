// The configuration as one strict schema: every key, what a value must look like and what it becomes. Its output is `Config`: durations are
// milliseconds, sizes are bytes. What spans several keys is in checks.ts, values that nobody gave in defaults.ts. A leaf's description says what
// is wanted; it is the second half of every error message.

import * as v from "valibot";
import { readAddress } from "./address.ts";
import { readNetworks } from "./network.ts";
import { formatDuration, readDuration } from "./duration.ts";
import { formatSize, readSize } from "./size.ts";

export const logLevels = ["debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names of nodes appear in flags, tables and file names. */
const nodeName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/),
  v.check((name) => !/^[0-9]+$/.test(name)),
  v.description("1 to 64 letters, digits, dots, dashes and underscores that begin and end with a letter or digit, and not only digits"),
);

const path = v.pipe(v.string(), v.minLength(1), v.regex(/^[^\0]*$/), v.description("a path"));

const listenAddress = v.pipe(
  v.string(),
  v.check((text) => readAddress(text) !== undefined),
  v.description("host:port or [ipv6]:port"),
);

const advertisedAddress = v.pipe(
  v.string(),
  v.check((text) => (readAddress(text)?.port ?? 0) > 0),
  v.description("host:port or [ipv6]:port with a port from 1 to 65535"),
);

const networks = v.pipe(
  v.string(),
  v.check((text) => readNetworks(text) !== undefined),
  v.description("networks with commas between them, such as 10.0.0.0/8,::1/128"),
);

const toggle = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false", "1", "0"])]),
  v.transform((value) => value === true || value === "true" || value === "1"),
  v.description("true or false"),
);

function duration(min: number, max: number) {
  return v.pipe(
    v.string(),
    v.transform(readDuration),
    v.number(),
    v.minValue(min),
    v.maxValue(max),
    v.description(`a duration from ${formatDuration(min)} to ${formatDuration(max)}, such as 250ms or 5s`),
    v.metadata({ unit: "duration" }),
  );
}

function size(min: number, max: number) {
  return v.pipe(
    v.string(),
    v.transform(readSize),
    v.number(),
    v.minValue(min),
    v.maxValue(max),
    v.description(`a size from ${formatSize(min)} to ${formatSize(max)}, such as 256KiB or 64MiB`),
    v.metadata({ unit: "size" }),
  );
}

function count(min: number, max: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^[0-9]{1,15}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(min),
    v.maxValue(max),
    v.description(`a whole number from ${min} to ${max}`),
  );
}

const kib = 2 ** 10;
const mib = 2 ** 20;
const gib = 2 ** 30;

export const configSchema = v.strictObject({
  /** Given to the node by init or join; later runs take it from the data directory. */
  name: v.optional(nodeName),
  dataDir: path,
  /** http: clients over HTTP; undefined: none are served. */
  listen: v.strictObject({ peer: listenAddress, client: listenAddress, http: v.optional(listenAddress) }),
  /** What other nodes and clients dial; undefined: the address that is listened on, with its real port. */
  advertise: v.strictObject({ peer: v.optional(advertisedAddress), client: v.optional(advertisedAddress), http: v.optional(advertisedAddress) }),
  adminSocket: path,
  /** Listen beyond loopback without TLS (T28). */
  insecure: toggle,
  masterEligible: toggle,
  raft: v.strictObject({
    electionTimeout: duration(10, 300_000),
    heartbeatInterval: duration(1, 100_000),
    /** This node pledges to its leader, and leads with a lease; the same on every member. */
    leaseReads: toggle,
    /** By how much of its time the clock of a leader may fall behind that of a voter; for lease reads only. */
    clockDriftPercent: count(0, 50),
    appendBytesMax: size(kib, 4 * mib),
    appendsInFlightMax: count(1, 1024),
    uncommittedBytesMax: size(mib, 4 * gib),
  }),
  network: v.strictObject({
    connectTimeout: duration(1, 60_000),
    handshakeTimeout: duration(10, 60_000),
    clientConnectionsMax: count(1, 1_000_000),
    /** Of one client connection. */
    requestsInFlightMax: count(1, 1_000_000),
  }),
  peer: v.strictObject({
    /** What nodes speak to each other; the same on every member. */
    transport: v.pipe(v.picklist(["tcp", "http"]), v.description("tcp or http")),
  }),
  http: v.strictObject({
    connectionsMax: count(1, 1_000_000),
    connectionsPerAddressMax: count(1, 1_000_000),
    /** Only clients from there are served; undefined: all who can reach it. */
    allowedNetworks: v.optional(networks),
  }),
  wal: v.strictObject({
    segmentBytes: size(64 * kib, 4 * gib),
    fsync: v.pipe(v.picklist(["always"]), v.description("always")),
  }),
  compaction: v.strictObject({
    /** A snapshot is taken when the log since the last one is larger. */
    logBytes: size(64 * kib, 1024 * gib),
    /** Also after so many entries, and after so long. */
    entries: v.optional(count(1, 1_000_000_000)),
    interval: v.optional(duration(1_000, 365 * 86_400_000)),
    /** Kept behind a snapshot for followers that are a little late: at most so many entries and so many bytes. */
    trailingEntries: count(0, 1_000_000_000),
    trailingBytes: size(0, 1024 * gib),
  }),
  discovery: v.strictObject({
    /** never: an empty node joins only a cluster that it has helped to form. */
    join: v.pipe(v.picklist(["auto", "never"]), v.description("auto or never")),
    /** Between two looks while a cluster forms. */
    interval: duration(10, 3_600_000),
  }),
  membership: v.strictObject({
    /** A voter that the leader has not heard for so long is removed; undefined: never (the default). */
    reapAfter: v.optional(duration(1_000, 30 * 24 * 3_600_000)),
    /** No removal leaves fewer voters than this that hold the log. */
    minVoters: count(1, 64),
  }),
  log: v.strictObject({
    level: v.pipe(v.picklist(logLevels), v.description(logLevels.join(", "))),
    file: v.optional(path),
  }),
});

export type Config = Readonly<v.InferOutput<typeof configSchema>>;

/** What is known of one key. */
export interface Leaf {
  readonly schema: v.GenericSchema;
  /** The second half of an error message. */
  readonly wanted: string;
  /** Relative to where it was written. */
  readonly isPath: boolean;
  /** What the number counts: milliseconds, bytes, or nothing in particular. */
  readonly unit: "duration" | "size" | undefined;
}

/** Every key by its dotted path, in the order of the schema. */
export const leaves: ReadonlyMap<string, Leaf> = new Map(collectLeaves(configSchema.entries, ""));
/** Every group of keys: "listen", "raft", … */
export const groups: ReadonlySet<string> = new Set([...leaves.keys()].filter((key) => key.includes(".")).map((key) => key.split(".")[0]!));

type AnySchema = v.GenericSchema & { readonly entries?: Entries; readonly wrapped?: AnySchema };
type Entries = Readonly<Record<string, unknown>>;

function* collectLeaves(entries: Entries, prefix: string): Generator<[string, Leaf]> {
  for (const [key, entry] of Object.entries(entries)) {
    const schema = entry as AnySchema;
    if (schema.entries !== undefined) {
      yield* collectLeaves(schema.entries, `${prefix}${key}.`);
      continue;
    }
    const value = schema.wrapped ?? schema;
    yield [`${prefix}${key}`, leafOf(value)];
  }
}

function leafOf(schema: AnySchema): Leaf {
  const wanted = v.getDescription(schema) ?? "another value";
  return { schema, wanted, isPath: schema === (path as unknown), unit: v.getMetadata(schema)["unit"] as Leaf["unit"] };
}
