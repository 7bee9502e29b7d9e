// The replicated state machine over a Store: entries in, results out, one store transaction for a whole run of entries. The transaction also
// carries lastApplied, the session table and the digest, so that a crash at any moment leaves all of them at one index (H39).
//
// In memory it mirrors the session table, the digest and the position; they are read back from the store at the start, after a restore and after a
// transaction that failed.

import { assert } from "../base/assert.ts";
import { crc32 as plainCrc32, type Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { SessionStamp } from "../wire/command.ts";
import { clusterVersions, type ClusterVersions, clusterVersionSetting, finalizedLevel, levelFault } from "../wire/cluster-version.ts";
import type { StateCheckpoint } from "../wire/peer-protocol.ts";
import { decodeCheckpoints, encodeCheckpoints, withCheckpoint } from "./checkpoints.ts";
import type { DataEngine, StreamPage } from "./data-engine.ts";
import { certainExecution } from "./commit-certainty.ts";
import { DataSize } from "./data-size.ts";
import { Digest } from "./digest.ts";
import { Dispatch } from "./dispatch.ts";
import type { EntryData, IndexEffects } from "./effect-row.ts";
import { Effects } from "./effects.ts";
import { decodeImage, encodeImage } from "./image.ts";
import { ImageCheck } from "./image-check.ts";
import { checkpointsKey, isLocal, positionKey, prefixes, prefixRange } from "./keyspace.ts";
import { attachedKeys, type Lease, LeaseTable, leasesFrom } from "./leases.ts";
import { decodePosition, encodePosition } from "./position.ts";
import { type RangePage, type RangeQuery, readRange } from "./reader.ts";
import { RecordCodec } from "./record.ts";
import { RecordView } from "./record-view.ts";
import type { SessionListPage } from "./session-list.ts";
import { defaultSessionLimits, type SessionLimits, type SessionStanding, SessionTable } from "./sessions.ts";
import { Settings } from "./settings.ts";
import type { AppliedBatch, AppliedEntry, ImagePosition, MachineImage, StateMachine } from "./state-machine.ts";
import type { KeyValue, Store, StoreTransaction } from "./store.ts";
import { StoreEngine } from "./store-engine.ts";

export interface MachineOptions {
  /** Taken over: nobody else writes to it. */
  readonly store: Store;
  readonly crc32?: Crc32;
  /** Equal on every node. */
  readonly sessionLimits?: SessionLimits | undefined;
  /** Entries from one checkpoint of the digest to the next. Equal on every node. */
  readonly checkpointInterval?: number;
  /** Of the program; a state that has finalized a cluster version outside of them is refused. */
  readonly versions?: ClusterVersions;
  readonly onApplied?: (batch: AppliedBatch) => void;
}

const checkpointIntervalDefault = 1024;
const noop = 0;
const command = 1;
const membership = 2;

export class Machine implements StateMachine {
  readonly #store: Store;
  readonly #crc32: Crc32;
  readonly #codec: RecordCodec;
  readonly #sessions: SessionTable;
  readonly leases: LeaseTable;
  readonly #onApplied: (batch: AppliedBatch) => void;
  readonly #checkpointInterval: number;
  readonly #versions: ClusterVersions;
  readonly #views = new Set<RecordView>();
  #checkpoints: readonly StateCheckpoint[] = [];
  #lastApplied = 0;
  #lastAppliedTerm = 0;
  #digest!: Digest;
  #engine!: DataEngine;
  #size!: DataSize;
  #settings!: Settings;
  #dispatch!: Dispatch;
  #effects!: Effects;
  #isRestoring = false;

  /** Throws CORRUPT or INCOMPATIBLE for a store whose content no machine of this version wrote, or whose cluster version is none of its own. */
  constructor(options: MachineOptions) {
    this.#store = options.store;
    this.#crc32 = options.crc32 ?? plainCrc32;
    this.#codec = new RecordCodec(this.#crc32);
    this.#sessions = new SessionTable(this.#crc32, options.sessionLimits ?? defaultSessionLimits);
    this.leases = new LeaseTable(this.#crc32);
    this.#onApplied = options.onApplied ?? (() => undefined);
    this.#checkpointInterval = options.checkpointInterval ?? checkpointIntervalDefault;
    this.#versions = options.versions ?? clusterVersions;
    this.#load();
  }

  get lastApplied(): number {
    return this.#lastApplied;
  }

  get lastAppliedTerm(): number {
    return this.#lastAppliedTerm;
  }

  /** Keys that exist. */
  get recordCount(): number {
    return this.#engine.keyCount;
  }

  /** Of all data, as data-size.ts counts them. */
  get dataBytes(): number {
    return this.#size.bytes;
  }

  /** Of the whole cluster, as it was set last; undefined: never. */
  setting(name: string): string | undefined {
    return this.#settings.get(name);
  }

  /** Another object whenever it was set: for whoever keeps what he made of its value. */
  settingIdentity(name: string): object | undefined {
    return this.#settings.row(name);
  }

  /** What would become of a request with this stamp, were it the entry at `index`. */
  standingOf(stamp: SessionStamp, index: number): SessionStanding {
    return this.#sessions.standing(stamp, index);
  }

  /** As CommitCertainty. */
  certainty(log: { entriesBetween(first: number, last: number): readonly AppliedEntry[] }, through: number): (entry: AppliedEntry) => boolean {
    return certainExecution(this.#sessions, log.entriesBetween(this.#lastApplied + 1, through));
  }

  /** The cluster version that is finalized. */
  get level(): number {
    return finalizedLevel(this.setting(clusterVersionSetting));
  }

  get sessionCount(): number {
    return this.#sessions.count;
  }

  digest(): string {
    return this.#digest.text();
  }

  /** At the latest checkpoint indexes, ascending. Another array whenever one was passed. */
  get checkpoints(): readonly StateCheckpoint[] {
    return this.#checkpoints;
  }

  apply(entry: AppliedEntry): Uint8Array | undefined {
    return this.applyBatch([entry])[0];
  }

  applyBatch(entries: readonly AppliedEntry[]): (Uint8Array | undefined)[] {
    assert(!this.#isRestoring, "nothing is applied while an image is being restored");
    const last = entries.at(-1);
    if (last === undefined || last.index <= this.#lastApplied) return entries.map(() => undefined);
    const first = Math.max(entries[0]!.index, this.#lastApplied + 1);
    let results: (Uint8Array | undefined)[];
    try {
      results = this.#store.transaction((transaction) => this.#applyAll(transaction, entries));
    } catch (thrown) {
      // The store has rolled back; what memory mirrors of it must follow.
      this.#load();
      throw thrown;
    }
    this.#onApplied({ first, last: last.index, entries, keysEnded: this.leases.takeEndedKeys() });
    this.leases.tell();
    return results;
  }

  save(): void {
    assert(!this.#isRestoring, "nothing is saved while an image is being restored");
    this.#store.save();
  }

  #applyAll(transaction: StoreTransaction, entries: readonly AppliedEntry[]): (Uint8Array | undefined)[] {
    const results: (Uint8Array | undefined)[] = [];
    const before = this.#checkpoints;
    for (const entry of entries) results.push(this.#applyOne(transaction, entry));
    if (this.#checkpoints !== before) transaction.put(checkpointsKey, encodeCheckpoints(this.#checkpoints, this.#crc32));
    this.#sessions.write(transaction);
    this.#effects.write(transaction, this.#lastApplied);
    const position = {
      index: this.#lastApplied, term: this.#lastAppliedTerm, digest: this.#digest.state, records: this.#size.keys, bytes: this.#size.bytes,
    };
    transaction.put(positionKey, encodePosition(position, this.#crc32));
    return results;
  }

  #applyOne(transaction: StoreTransaction, entry: AppliedEntry): Uint8Array | undefined {
    if (entry.index <= this.#lastApplied) return undefined;
    assert(entry.index === this.#lastApplied + 1, "entries are applied one after the other, without a gap");
    assert(entry.term >= this.#lastAppliedTerm, "terms never descend along the log");
    const result = this.#resultOf(transaction, entry);
    this.#digest.chain(entry.index);
    this.#digest.chain(entry.term);
    this.#digest.chain(this.#crc32(entry.data, entry.type));
    if (result !== undefined) this.#digest.chain(this.#crc32(result));
    this.#lastApplied = entry.index;
    this.#lastAppliedTerm = entry.term;
    if (entry.index % this.#checkpointInterval === 0) this.#checkpoints = withCheckpoint(this.#checkpoints, { index: entry.index, digest: this.#digest.text() });
    return result;
  }

  #resultOf(transaction: StoreTransaction, entry: AppliedEntry): Uint8Array | undefined {
    if (entry.type === command) {
      this.#effects.enter(entry.index, entry.data);
      return this.#dispatch.execute(transaction, entry.data, entry.index);
    }
    if (entry.type === noop || entry.type === membership) return undefined;
    throw new RaftctlError("INCOMPATIBLE", `entry ${entry.index} is of type ${entry.type}, unknown here`, {
      hint: "install the version that the rest of the cluster runs, and start again",
    });
  }

  get(key: Uint8Array): KeyValueRecord | undefined {
    const record = this.#engine.get(this.#store, key);
    if (record === undefined) return undefined;
    const { value, version, createRevision, modRevision } = record;
    return { key, value, version, createIndex: createRevision, modIndex: modRevision };
  }

  range(query: RangeQuery): RangePage {
    return readRange(this.#store, this.#codec, query);
  }

  /** The records as they are now, to be read while entries are applied; a restore ends it. Must be closed. @throws BUSY during one, and when too many images are open */
  view(): RecordView {
    if (this.#isRestoring) throw new RaftctlError("BUSY", "the state of this node is just being replaced by a snapshot of a later one");
    const image = this.#store.image();
    const { index } = decodePosition(image.get(positionKey), this.#crc32);
    assert(index === this.#lastApplied, "an image is of the moment at which it is taken");
    const view = new RecordView(image, { index, codec: this.#codec, onClose: () => this.#views.delete(view) });
    this.#views.add(view);
    return view;
  }

  /** Records of a stream from an offset on, at most `limit`; none of a stream that does not exist. Throws CORRUPT. */
  readStream(stream: Uint8Array, from: number, limit: number): StreamPage {
    return this.#engine.read(this.#store, { stream, from, limit });
  }

  /** That are not closed, in the order of their ids, from this one on, at most `limit`; fewer when those hold much. */
  sessionPage(from: bigint, limit: number): SessionListPage {
    return this.#sessions.page(from, limit, this.#store);
  }

  /** In the order of their ids, from this one on, at most `limit`. */
  leasePage(from: bigint, limit: number): Lease[] {
    return leasesFrom(this.#store, from, limit);
  }

  /** Keys that are attached to a lease, in their order, at most `limit`. */
  keysOfLease(lease: bigint, limit: number): Uint8Array[] {
    return attachedKeys(this.#store, lease, limit);
  }

  /** The first index from which on it is known here what every entry changed. */
  get firstRetained(): number {
    return this.#effects.firstRetained;
  }

  /** What the entries changed, by rows: those that hold this index or come after it, `rows` of them at most. The first may begin below it. @throws CORRUPT */
  effectsFrom(index: number, options: { readonly rows: number; readonly dataOf: EntryData }): Iterable<IndexEffects> {
    return this.#effects.read(this.#store, index, options);
  }

  forgetEffectsBelow(index: number): void {
    this.#effects.forgetBelow(index);
  }

  image(): MachineImage {
    const content = this.#store.image();
    // Read from the image itself and not from memory: label and content cannot differ (H35).
    const { index, term, records, bytes, digest } = decodePosition(content.get(positionKey), this.#crc32);
    return { index, term, records, bytes, digest: new Digest(digest).text(), chunks: (into) => encodeImage(whole(content.scan(), records), this.#crc32, into), close: () => content.close() };
  }

  async restore(position: ImagePosition, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    assert(!this.#isRestoring, "one image is restored at a time");
    assert(position.index >= this.#lastApplied, "a snapshot never moves lastApplied back");
    this.#isRestoring = true;
    try {
      const check = new ImageCheck(position, this.#crc32, this.#versions);
      await this.#store.replace(check.through(decodeImage(chunks, this.#crc32)));
      // They may show what this state has turned out to have wrong.
      for (const view of this.#views) view.close();
      this.#load();
    } finally {
      this.#isRestoring = false;
    }
  }

  #load(): void {
    const position = decodePosition(this.#store.get(positionKey), this.#crc32);
    this.#lastApplied = position.index;
    this.#lastAppliedTerm = position.term;
    this.#digest = new Digest(position.digest);
    this.#checkpoints = decodeCheckpoints(this.#store.get(checkpointsKey), this.#crc32);
    this.#sessions.load(this.#store);
    this.#size = new DataSize(position.records, position.bytes);
    const counted = { crc32: this.#crc32, digest: this.#digest, size: this.#size };
    this.#settings = new Settings(this.#store.range(prefixRange(prefixes.setting)), counted);
    this.leases.load(this.#store.range(prefixRange(prefixes.lease)), counted);
    this.#effects = new Effects(this.#store, position.index, this.#crc32);
    this.#engine = new StoreEngine({ codec: this.#codec, leases: this.leases, ...counted, effects: this.#effects });
    this.#dispatch = new Dispatch(this.#engine, this.#sessions, this.#settings, this.#versions);
    // Nothing says yet of which level the state will be before anything was applied.
    const fault = position.index === 0 ? undefined : levelFault(this.level, this.#versions);
    if (fault !== undefined) throw fault;
  }
}

/** The same pairs without this node's own, and an error instead of an end when records are missing: whoever relies on an image may have nothing else. */
function* whole(pairs: Iterable<KeyValue>, records: number): Generator<KeyValue> {
  let found = 0;
  for (const pair of pairs) {
    if (isLocal(pair.key)) continue;
    if (pair.key[0] === prefixes.record) found += 1;
    yield pair;
  }
  if (found !== records) throw new RaftctlError("CORRUPT", `the state has ${found} records where it counts ${records}`, { hint: "remove this member and join again as a new one" });
}
