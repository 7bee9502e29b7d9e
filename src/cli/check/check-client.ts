// One client of a check: asks, records what it was told, and goes on whatever happens. An error counts as "failed" only where the client library vouches
// that nothing was done. Of the other writes every second one is asked about with `outcome`, until the cluster says what became of it, so that these answers are
// checked, too; the rest stays open. After a broken or silent connection it goes on with another node, and now and then it changes
// nodes without a reason, so that also a node that was away is asked again.

import { setTimeout as sleep } from "node:timers/promises";
import { toRaftctlError } from "../../base/errors.ts";
import type { ErrorCode } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import type { ClientOptions } from "../../client/client.ts";
import { randomSessionId, Session } from "../../client/session.ts";
import type { Call, History, Outcome, Output } from "./history.ts";
import { mannerOf, read, resolved, write, type StampedWrite } from "./perform.ts";
import type { Task, Workload } from "./workload.ts";

/** After these a write may or may not happen. */
const ambiguous: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["UNKNOWN_OUTCOME", "TIMEOUT", "CONNECTION_LOST", "INTERNAL", "IO_ERROR", "BAD_FRAME"]);
/** After these another node may do better. */
const awayFromHere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...ambiguous, "UNREACHABLE", "STOPPED", "NOT_READY"]);
const operationsPerVisit = 500;
const [pauseMsMin, pauseMsMax] = [20, 200];

export interface CheckClientOptions {
  readonly name: string;
  /** Tried in order, beginning with the first. */
  readonly addresses: readonly ClientOptions[];
  readonly history: History;
  readonly workload: Workload;
}

export class CheckClient {
  /** Writes that may still happen. */
  readonly doubts: StampedWrite[] = [];
  /** Writes in doubt of which the cluster has said what became of them. */
  resolutions = 0;
  readonly #options: CheckClientOptions;
  #visit = 0;
  #client: Client;
  #session = new Session(randomSessionId());
  /** Writes in doubt so far: every second one is asked about. */
  #doubtful = 0;

  constructor(options: CheckClientOptions) {
    this.#options = options;
    this.#client = new Client(options.addresses[0]!);
  }

  /** Until `signal`; the operation that is under way then is ended first. @param pauseMs between two operations. */
  async run(signal: AbortSignal, pauseMs: () => number): Promise<void> {
    let backOffMs = pauseMsMin;
    for (let count = 1; !signal.aborted; count += 1) {
      const outcome = await this.#operate(signal);
      if (outcome === "ok" && count % operationsPerVisit === 0) this.#moveOn();
      backOffMs = outcome === "ok" ? pauseMsMin : Math.min(backOffMs * 2, pauseMsMax);
      const restMs = Math.max(pauseMs(), outcome === "ok" ? 0 : backOffMs);
      if (restMs > 0) await pause(restMs, signal);
    }
  }

  close(): void {
    this.#client.close();
  }

  async #operate(signal: AbortSignal): Promise<Outcome> {
    const { name, history, workload } = this.#options;
    const task = workload.next(name);
    const { register } = task.place;
    if (register.lease !== undefined && !(await register.lease.granted(this.#client, history))) {
      workload.retire(task);
      this.#moveOn();
      return "failed";
    }
    await register.lease?.tend(this.#client, history);
    const call = history.begin(name, register.name, task.operation, mannerOf(register, task.operation));
    return task.operation.kind === "get" ? this.#read(task, call) : this.#write({ task, call, signal });
  }

  async #read(task: Task, call: Call): Promise<Outcome> {
    try {
      return this.#told(task, call, await read(this.#client, task.place.register));
    } catch (thrown) {
      const { code } = toRaftctlError(thrown);
      const outcome = ambiguous.has(code) ? "unknown" : "failed";
      call[outcome](code);
      if (awayFromHere.has(code)) this.#moveOn();
      return outcome;
    }
  }

  async #write({ task, call, signal }: Ongoing): Promise<Outcome> {
    let stamped: StampedWrite | undefined;
    try {
      const stamp = await this.#client.kv.nextStamp(this.#session);
      stamped = { register: task.place.register, operation: task.operation as StampedWrite["operation"], stamp };
      return this.#told(task, call, await write(this.#client, stamped));
    } catch (thrown) {
      const { code } = toRaftctlError(thrown);
      // The cluster knows a session from its first command on, and that may be the one that it did not take.
      if (stamped !== undefined) this.#session = new Session(randomSessionId());
      if (awayFromHere.has(code)) this.#moveOn();
      if (stamped === undefined || !ambiguous.has(code)) {
        call.failed(code);
        return "failed";
      }
      this.#doubtful += 1;
      return this.#doubtful % 2 === 0 ? this.#resolve(stamped, { task, call, signal }) : this.#leaveOpen(stamped, call, code);
    }
  }

  #leaveOpen(stamped: StampedWrite, call: Call, code: ErrorCode = "UNKNOWN_OUTCOME"): Outcome {
    this.doubts.push(stamped);
    call.unknown(code);
    return "unknown";
  }

  /** Asks what became of it, until somebody answers: what it is told then is the truth, whatever is still on its way. */
  async #resolve(stamped: StampedWrite, { task, call, signal }: Ongoing): Promise<Outcome> {
    while (!signal.aborted) {
      try {
        const output = resolved(stamped, await this.#client.kv.outcome(stamped.stamp));
        if (output === undefined) break;
        this.resolutions += 1;
        if (output !== "not applied") return this.#told(task, call, output);
        call.failed("not applied");
        return "failed";
      } catch {
        this.#moveOn();
        await pause(pauseMsMax, signal);
      }
    }
    return this.#leaveOpen(stamped, call);
  }

  #told(task: Task, call: Call, output: Output): Outcome {
    call.ok(output);
    if (task.operation.kind === "revoke") task.place.register.lease?.ended();
    this.#options.workload.saw(task, output);
    return "ok";
  }

  #moveOn(): void {
    const { addresses } = this.#options;
    this.#client.close();
    this.#visit += 1;
    this.#client = new Client(addresses[this.#visit % addresses.length]!);
  }
}

/** A write under way. */
interface Ongoing {
  readonly task: Task;
  readonly call: Call;
  readonly signal: AbortSignal;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
