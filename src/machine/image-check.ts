// Whether the pairs of an image are a state that a machine can have: known kinds of rows, each with its right checksum, the position that was
// asked for, and a digest that fits the records. Works row by row while the image streams into the store.

import { equalBytes } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { clusterVersions, type ClusterVersions, clusterVersionSetting, finalizedLevel, levelFault } from "../wire/cluster-version.ts";
import { limits } from "../wire/limits.ts";
import { decodeCheckpoints } from "./checkpoints.ts";
import { Digest, emptyDigest } from "./digest.ts";
import { largeResultKeyBytes, prefixes, userKey } from "./keyspace.ts";
import { decodePosition, type Position, startPosition } from "./position.ts";
import { LeaseCheck } from "./lease-check.ts";
import { checkLeaseRow } from "./leases.ts";
import { RecordCodec } from "./record.ts";
import { checkSessionHorizon } from "./session-horizon.ts";
import { checkSessionPage } from "./session-page.ts";
import { checkLargeResult } from "./sessions.ts";
import { settingChecksum, settingContent, settingKey } from "./settings.ts";
import type { ImagePosition } from "./state-machine.ts";
import type { KeyValue } from "./store.ts";
import { streamRowChecksum } from "./streams.ts";

const clusterVersionKey = settingKey(clusterVersionSetting);

export class ImageCheck {
  readonly #crc32: Crc32;
  readonly #codec: RecordCodec;
  readonly #wanted: ImagePosition;
  readonly #versions: ClusterVersions;
  readonly #digest = new Digest(emptyDigest);
  readonly #leases = new LeaseCheck();
  #records = 0;
  #bytes = 0;
  #position: Position | undefined;
  #clusterVersion: string | undefined;

  constructor(wanted: ImagePosition, crc32: Crc32, versions: ClusterVersions = clusterVersions) {
    this.#wanted = wanted;
    this.#versions = versions;
    this.#crc32 = crc32;
    this.#codec = new RecordCodec(crc32);
  }

  /** The same pairs, each checked, and the whole checked before the end. Throws CORRUPT, INCOMPATIBLE for a state of a cluster version unknown here. */
  async *through(pairs: AsyncIterable<KeyValue>): AsyncGenerator<KeyValue> {
    for await (const pair of pairs) {
      this.#checkRow(pair.key, pair.value);
      yield pair;
    }
    this.#checkWhole();
  }

  #checkRow(key: Uint8Array, value: Uint8Array): void {
    switch (key[0]) {
      case prefixes.position:
        if (key.length !== 1) throw corrupt("a row of an unknown kind");
        this.#position = decodePosition(value, this.#crc32);
        return;
      case prefixes.checkpoints:
        if (key.length !== 1) throw corrupt("a row of an unknown kind");
        decodeCheckpoints(value, this.#crc32);
        return;
      case prefixes.setting:
        this.#count({ key, value }, settingChecksum({ key, value }, this.#crc32));
        if (equalBytes(key, clusterVersionKey)) this.#clusterVersion = settingContent({ key, value }, this.#crc32);
        return;
      case prefixes.record:
        this.#checkRecord(key, value);
        return;
      case prefixes.sessionPage:
        checkSessionPage(key, value, this.#crc32);
        return;
      case prefixes.largeResult:
        if (key.length !== largeResultKeyBytes) throw corrupt("a row of an unknown kind");
        checkLargeResult(value, this.#crc32);
        return;
      case prefixes.sessionHorizon:
        if (key.length !== 1) throw corrupt("a row of an unknown kind");
        checkSessionHorizon(value, this.#crc32);
        return;
      case prefixes.streamHead:
      case prefixes.streamRecord:
        this.#count({ key, value }, streamRowChecksum({ key, value }, this.#crc32));
        return;
      case prefixes.lease:
      case prefixes.attachment:
        this.#count({ key, value }, checkLeaseRow({ key, value }, this.#crc32));
        this.#leases.row({ key, value });
        return;
      default:
        throw corrupt("a row of an unknown kind");
    }
  }

  #checkRecord(stored: Uint8Array, value: Uint8Array): void {
    const key = userKey(stored);
    if (key.length === 0 || key.length > limits.keyBytesMax) throw corrupt("a key of impossible length");
    const record = this.#codec.decode(key, value);
    this.#count({ key: stored, value }, record.checksum);
    if (record.lease !== undefined) this.#leases.record(record.lease);
    this.#records += 1;
  }

  #count({ key, value }: KeyValue, checksum: number): void {
    this.#digest.addRecord(checksum);
    this.#bytes += key.length + value.length;
  }

  #checkWhole(): void {
    const { index, term } = this.#wanted;
    const position = this.#position ?? startPosition;
    if (position.index !== index || position.term !== term) {
      throw corrupt(`index ${position.index} of term ${position.term}, but ${index} of term ${term} was announced`);
    }
    const [low, high] = this.#digest.state.sum;
    const [wantedLow, wantedHigh] = position.digest.sum;
    if (position.records !== this.#records || position.bytes !== this.#bytes || low !== wantedLow || high !== wantedHigh) throw corrupt("records that do not fit its digest");
    if (!this.#leases.fits) throw corrupt("keys that do not fit its leases");
    const fault = levelFault(finalizedLevel(this.#clusterVersion), this.#versions);
    if (fault !== undefined) throw fault;
  }
}

function corrupt(what: string): RaftctlError {
  return new RaftctlError("CORRUPT", `the image of the state machine has ${what}`);
}
