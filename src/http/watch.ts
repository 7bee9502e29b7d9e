// GET of what changes, as server-sent events: what `raftctl watch --json` prints, one event for each line. The id of an event says where to go on, so that a
// reader that comes back with it as Last-Event-ID, as browsers and their imitations do, misses nothing and hears nothing twice, on whichever node.

import { AssertionFailure } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { schemaName, type SuccessEnvelope } from "../cli/envelope.ts";
import { failureEnvelope } from "../cli/failure.ts";
import { changeDocument, type ChangeDocument, type ProgressDocument } from "../cli/watching.ts";
import type { Client } from "../client/client.ts";
import type { Watch, WatchBatch, WatchOptions, WatchSelection } from "../client/watch.ts";
import type { StreamFinding } from "./answers.ts";
import type { Call } from "./call.ts";
import { keyParameter, type Query } from "./query.ts";

export const watchParameters = ["key", "prefix", "start", "end", "keyEncoding", "fromIndex", "only", "keysOnly", "progress", "limit"];

const progressMsMin = 100;
/** A reader hears at least this often where to go on, also when nothing changes: what he has heard of is the less likely to be compacted. */
const positionMs = 10_000;

/** The first index that is watched, and how many of its events are known already. */
interface Position {
  readonly index: number | undefined;
  readonly told: number;
}

interface Plan {
  readonly selection: WatchSelection;
  readonly options: WatchOptions & { readonly keysOnly: boolean };
  readonly tellsProgress: boolean;
  readonly limit: number;
}

type Write = (text: string) => Promise<void>;

/** Begins when the first answer is there: what is COMPACTED by then, or has no leader to begin behind, is refused as any request is. */
export async function watchKeys({ client, query, request }: Call): Promise<StreamFinding> {
  const plan = planOf(query);
  const position = resumption(request.header("last-event-id")) ?? { index: query.count("fromIndex"), told: 0 };
  const first = await firstBatch(client.watch(plan.selection, { ...plan.options, fromIndex: position.index, progressMs: 1 }));
  const watch = client.watch(plan.selection, { ...plan.options, fromIndex: first.nextIndex });
  const teller = new Teller(client, plan, position);
  return { run: (write) => teller.tell(first, watch, write).catch((error: unknown) => write(lastWords(client, error))), cancel: () => watch.close() };
}

async function firstBatch(watch: Watch): Promise<WatchBatch> {
  for await (const batch of watch.batches()) return batch;
  throw new RaftctlError("STOPPED", "the watch is closed");
}

class Teller {
  readonly #client: Client;
  readonly #plan: Plan;
  /** Events of the first batch that were told before the reader came back. */
  readonly #position: Position;
  #told = 0;

  constructor(client: Client, plan: Plan, position: Position) {
    this.#client = client;
    this.#plan = plan;
    this.#position = position;
  }

  async tell(first: WatchBatch, watch: Watch, write: Write): Promise<void> {
    if (await this.#batch(first, write)) return;
    for await (const batch of watch.batches()) {
      if (await this.#batch(batch, write)) return;
    }
  }

  /** @returns whether that was all that was asked for */
  async #batch({ events, nextIndex }: WatchBatch, write: Write): Promise<boolean> {
    let place = 0;
    for (const [at, event] of events.entries()) {
      place = events[at - 1]?.index === event.index ? place + 1 : 1;
      if (event.index === this.#position.index && place <= this.#position.told) continue;
      const isLast = events[at + 1]?.index !== event.index;
      await write(this.#eventText(event.kind, changeDocument(event, this.#plan.options), isLast ? `${event.index + 1}` : `${event.index}.${place}`));
      this.#told += 1;
      if (this.#told >= this.#plan.limit) {
        await write(this.#eventText("end", this.#progress("end", isLast ? event.index + 1 : event.index)));
        return true;
      }
    }
    if (events.length > 0) return false;
    await write(this.#plan.tellsProgress ? this.#eventText("progress", this.#progress("progress", nextIndex), `${nextIndex}`) : `id: ${nextIndex}\n\n`);
    return false;
  }

  #progress(kind: ProgressDocument["kind"], nextIndex: number): ProgressDocument {
    return { kind, nextIndex: String(nextIndex), events: this.#told };
  }

  /** Without an id the reader keeps the one before. */
  #eventText(kind: string, result: ChangeDocument | ProgressDocument, id?: string): string {
    const envelope: SuccessEnvelope = { ok: true, schema: schemaName("watch"), header: this.#client.header(), result, warnings: [] };
    return `event: ${kind}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(envelope)}\n\n`;
  }
}

function lastWords(client: Client, thrown: unknown): string {
  if (thrown instanceof AssertionFailure) throw thrown;
  return `event: error\ndata: ${JSON.stringify(failureEnvelope(toRaftctlError(thrown), { header: client.header() }))}\n\n`;
}

function planOf(query: Query): Plan {
  const progressMs = query.duration("progress");
  if (progressMs !== undefined && progressMs < progressMsMin) throw new RaftctlError("BAD_REQUEST", `progress: ${progressMs} ms is not valid, want at least ${progressMsMin} ms`);
  const limit = query.count("limit") ?? Number.POSITIVE_INFINITY;
  if (limit === 0) throw new RaftctlError("BAD_REQUEST", "limit: 0 is not valid, want at least 1");
  return {
    selection: selectionOf(query), limit, tellsProgress: progressMs !== undefined,
    options: { only: query.choice("only", ["puts", "deletes"]), keysOnly: query.flag("keysOnly"), progressMs: progressMs ?? positionMs },
  };
}

function selectionOf(query: Query): WatchSelection {
  const [key, prefix, start, end] = ["key", "prefix", "start", "end"].map((name) => keyParameter(query, name));
  const isRange = start !== undefined || end !== undefined;
  if ([key !== undefined, prefix !== undefined, isRange].filter(Boolean).length !== 1) {
    throw new RaftctlError("BAD_REQUEST", "say which keys: ?key=K, ?prefix=P, or ?start=A&end=B with one or both", { hint: "?prefix= means all keys" });
  }
  if (key !== undefined) return { key };
  return prefix === undefined ? { start, end } : { prefix };
}

/** As an event's id says it: an index, and with a point the events of it that were told. */
function resumption(id: string | undefined): Position | undefined {
  if (id === undefined || id === "") return undefined;
  const [, index = "", told = "0"] = /^([0-9]{1,16})(?:\.([0-9]{1,6}))?$/.exec(id) ?? [];
  if (index !== "" && Number.isSafeInteger(Number(index))) return { index: Number(index), told: Number(told) };
  throw new RaftctlError("BAD_REQUEST", `Last-Event-ID: ${JSON.stringify(id.slice(0, 80))} is not valid, want the id of an event of this stream`);
}
