// Writes that arrive on schedule whatever the answers do: who is not answered is not waited for. A refusal is counted and not repeated.

import { setImmediate as nextTurn } from "node:timers/promises";
import { RaftctlError } from "../../../src/base/errors.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { LatencyHistogram } from "../../../src/cli/check/latency-histogram.ts";
import { RequestConnection } from "../../../src/platform/request-connection.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { encodeCommand } from "../../../src/wire/command.ts";

const timeoutMs = 5000;
const keyCount = 10_000;
/** Sent in one turn at most: who falls behind the schedule must go on hearing the answers, or what he measures is himself. */
const turnMax = 256;
const value = new Uint8Array(256).fill(0x61);

export class OpenLoad {
  readonly answered = new LatencyHistogram();
  readonly refused = new LatencyHistogram();
  /** By code; BUSY is in `refused`. */
  readonly errors = new Map<string, number>();
  /** Of each key, the index of its latest write that was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  sent = 0;
  readonly #connections: readonly RequestConnection[];
  #underWay = 0;

  private constructor(connections: readonly RequestConnection[]) {
    this.#connections = connections;
  }

  static async open(port: number, connections: number): Promise<OpenLoad> {
    const options = { clock: new SystemClock(), clientName: "load", timeoutMs };
    return new OpenLoad(await Promise.all(Array.from({ length: connections }, () => RequestConnection.connect({ host: "127.0.0.1", port }, options))));
  }

  /** So many at a time, each replaced when it is answered: writes per second. */
  async closed(inFlight: number, seconds: number): Promise<number> {
    const [before, start] = [this.answered.count, performance.now()];
    const lane = async (): Promise<void> => {
      while (performance.now() - start < seconds * 1000) await this.#put();
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return ((this.answered.count - before) * 1000) / (performance.now() - start);
  }

  /** Resolves when everything that was sent has ended. */
  async open(perSecond: number, seconds: number): Promise<void> {
    const [sentBefore, start] = [this.sent, performance.now()];
    for (let passedMs = 0; passedMs < seconds * 1000; passedMs = performance.now() - start) {
      const due = sentBefore + (passedMs * perSecond) / 1000;
      for (let count = 0; count < turnMax && this.sent < due; count += 1) void this.#put();
      await nextTurn();
    }
    while (this.#underWay > 0) await nextTurn();
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #put(): Promise<void> {
    const number = this.sent++;
    const key = String((number * 7919) % keyCount).padStart(8, "0");
    const command = encodeCommand({ operation: "put", key: Buffer.from(key), value, wantPrevious: false });
    const start = performance.now();
    this.#underWay += 1;
    try {
      const response = await this.#connections[number % this.#connections.length]!.call({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs, command }, timeoutMs);
      if (response.operation !== "propose") throw new Error(`a write was answered as ${response.operation}`);
      this.acknowledged.set(key, Math.max(this.acknowledged.get(key) ?? 0, response.index));
      this.answered.record(performance.now() - start);
    } catch (error) {
      if (!(error instanceof RaftctlError)) throw error;
      if (error.code === "BUSY") this.refused.record(performance.now() - start);
      else this.errors.set(error.code, (this.errors.get(error.code) ?? 0) + 1);
    } finally {
      this.#underWay -= 1;
    }
  }
}
