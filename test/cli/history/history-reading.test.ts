// A log that moves while its history is read is opened again, a few times; whatever else fails, fails at once.

import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { readHistory, type HistoryOf } from "../../../src/cli/history/history-reading.ts";
import type { KeyHistory } from "../../../src/wire/key-history.ts";
import { MadeUpLog } from "../inspect-log/logs.ts";

const found: KeyHistory = { key: new Uint8Array(1), committedTo: 0, events: [], spans: [], sources: [], damages: [], superseded: [] };

async function attempts(failures: readonly (RaftctlError | KeyHistory)[]): Promise<{ opened: number; outcome: unknown }> {
  let opened = 0;
  const left = [...failures];
  const historyOf: HistoryOf = async () => {
    const failure = left.shift();
    if (failure instanceof RaftctlError) throw failure;
    return failure ?? found;
  };
  const open = async (): Promise<MadeUpLog[]> => {
    opened += 1;
    return [new MadeUpLog([])];
  };
  const outcome = await readHistory(historyOf, { key: "a", files: undefined, open }).then(({ history }) => history, (error: RaftctlError) => error.code);
  return { opened, outcome };
}

test("it is opened again when it was compacted, or its end replaced, meanwhile", async () => {
  const compacted = new RaftctlError("NOT_FOUND", "gone", { details: { firstIndex: "9" } });
  expect(await attempts([compacted, new RaftctlError("BUSY", "replaced")])).toEqual({ opened: 3, outcome: found });
  expect(await attempts(Array.from({ length: 9 }, () => compacted))).toEqual({ opened: 5, outcome: "NOT_FOUND" });
});

test("a file that is missing stays missing", async () => {
  expect(await attempts([new RaftctlError("NOT_FOUND", "there is no file x")])).toEqual({ opened: 1, outcome: "NOT_FOUND" });
  expect(await attempts([new RaftctlError("CORRUPT", "damaged")])).toEqual({ opened: 1, outcome: "CORRUPT" });
});

test("it is opened again when a snapshot that it stands on was replaced meanwhile; one that is missing both times is not waited for", async () => {
  const without = (...superseded: string[]): KeyHistory => ({ ...found, superseded });
  expect(await attempts([without("a"), without("b")])).toEqual({ opened: 3, outcome: found });
  expect(await attempts([without("a", "b"), without("b")])).toEqual({ opened: 2, outcome: without("b") });
  const eachTime = Array.from({ length: 9 }, (_, attempt) => without(`${attempt}`));
  expect(await attempts(eachTime)).toEqual({ opened: 5, outcome: without("4") });
});
