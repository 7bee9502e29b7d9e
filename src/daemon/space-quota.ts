// How much data the cluster may hold, as the operator has set it (`raftctl quota set`): the setting is replicated, and so is the count of bytes that
// it is compared with. The leader refuses what would make the data larger than that, and nothing else: deletes, reads, overwriting by something no
// larger and every operator's verb always work, so there is always a way back. The alarm begins with the first refusal and ends by itself, when the
// data is down to the low-water mark.

import { RaftctlError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { recordHeaderBytes } from "../machine/record.ts";
import { addsData, decodeCommand, type PutCommand } from "../wire/command.ts";
import { decodeTxn } from "../wire/txn.ts";
import type { QuotaReport } from "../wire/admin-protocol.ts";

export const quotaSetting = "quota.bytes";

/** Of the quota, in hundredths. */
const warningPercent = 80;
const lowWaterPercent = 90;

type Data = Pick<Machine, "dataBytes" | "setting" | "get">;

export class SpaceQuota {
  readonly #data: Data;
  #hasRefused = false;

  constructor(data: Data) {
    this.#data = data;
  }

  report(): QuotaReport {
    const quotaBytes = this.#quotaBytes();
    return { quotaBytes: quotaBytes ?? null, usedBytes: this.#data.dataBytes, state: this.#state(quotaBytes) };
  }

  /** What the leader answers instead of appending this command; undefined: it may come in. */
  admit(command: Uint8Array): RaftctlError | undefined {
    const quotaBytes = this.#quotaBytes();
    if (quotaBytes === undefined || !addsData(command)) return undefined;
    const { dataBytes } = this.#data;
    // A bound first that costs nothing. (A step of a transaction has a header of its own, which is larger than that of a record.)
    if (dataBytes + command.length <= quotaBytes) return undefined;
    const growth = this.#growth(command);
    if (growth <= 0 || dataBytes + growth <= quotaBytes) return undefined;
    this.#hasRefused = true;
    return new RaftctlError("NO_SPACE", `the data would grow beyond the quota: ${dataBytes} of ${quotaBytes} bytes are used, and this write has ${command.length}`, {
      hint: `raftctl del --prefix P makes room, raftctl quota set ${2 * quotaBytes} raises the quota`,
      details: { usedBytes: dataBytes, quotaBytes },
    });
  }

  /** The next refusal raises the alarm again. */
  forgetRefusals(): void {
    this.#hasRefused = false;
  }

  #growth(bytes: Uint8Array): number {
    const command = decodeCommand(bytes);
    if (command.operation === "put") return this.#growthBy(command);
    if (command.operation !== "txn") return bytes.length;
    const { then, else: otherwise } = decodeTxn(command.body);
    return Math.max(...[then, otherwise].map((steps) => steps.reduce((total, step) => total + (step.operation === "put" ? this.#growthBy(step) : 0), 0)));
  }

  #growthBy({ key, value }: PutCommand): number {
    const current = this.#data.get(key);
    const before = current === undefined ? 0 : 1 + key.length + recordHeaderBytes + current.value.length;
    return 1 + key.length + recordHeaderBytes + value.length - before;
  }

  #state(quotaBytes: number | undefined): QuotaReport["state"] {
    const { dataBytes } = this.#data;
    if (quotaBytes === undefined || dataBytes * 100 < quotaBytes * lowWaterPercent) this.#hasRefused = false;
    if (quotaBytes === undefined) return "ok";
    if (this.#hasRefused || dataBytes >= quotaBytes) return "full";
    return dataBytes * 100 >= quotaBytes * warningPercent ? "warning" : "ok";
  }

  #quotaBytes(): number | undefined {
    const text = this.#data.setting(quotaSetting);
    return text === undefined || text === "none" ? undefined : Number(text);
  }
}
