// kill -9 of the leader while clients write with no patience: what became of each write in doubt is asked as soon as there is a leader again, as its writer
// would, and in the end the log has the last word (N5).

import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { randomSessionId, Session } from "../../src/client/session.ts";
import { decodeCommand, type SessionStamp } from "../../src/wire/command.ts";
import type { Client } from "../../src/client/client.ts";
import type { LogEntry } from "../../src/wire/log-inspection.ts";
import { fast } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { until } from "./support/until.ts";
import type { RequestOutcome } from "../../src/client/writes.ts";

/** More with RAFTCTL_KILLS=500. */
const kills = Number(process.env["RAFTCTL_KILLS"] ?? 8);
const writers = 6;
const patience = { timeoutMs: 60_000 };

interface Doubt {
  readonly key: string;
  readonly stamp: SessionStamp;
}

/** Writes one key after the other in one session, and does not wait for an answer that does not come at once: a request in doubt ends its session. */
async function write(client: Client, name: string, doubts: Doubt[], isOver: () => boolean): Promise<void> {
  let session = new Session(randomSessionId());
  for (let count = 0; !isOver(); count += 1) {
    const key = `${name}-${count}`;
    try {
      const stamp = await client.kv.nextStamp(session);
      await client.kv.put(key, key, { session: stamp }).catch((error: unknown) => {
        if (!(error instanceof RaftctlError) || error.code !== "UNKNOWN_OUTCOME") return;
        doubts.push({ key, stamp });
        session = new Session(randomSessionId());
      });
    } catch {
      // Nobody answers: nothing was sent.
    }
  }
}

/**
 * The commands that each stamp has in the log, in order, by index. Read in between, because the log is forgotten behind it, and only as far as it is
 * committed: what comes behind that may give way to something else.
 */
class LogReader {
  readonly commands = new Map<string, { readonly index: number; readonly operation: string }[]>();
  #next = 1;

  async readOn(client: Client): Promise<void> {
    const { commitIndex } = await client.admin.call("logHeader", {});
    while (this.#next <= commitIndex) {
      const { entries } = await client.admin.call("logPage", { first: this.#next, last: commitIndex, content: "payload", waitMs: 0 });
      for (const entry of entries) note(entry, this.commands);
      this.#next = entries.at(-1)!.index + 1;
    }
  }
}

function note({ index, type, payload }: LogEntry, found: Map<string, { readonly index: number; readonly operation: string }[]>): void {
  if (type !== "command") return;
  const { session, operation } = decodeCommand(payload!);
  if (session === undefined) return;
  const id = `${session.id}:${session.sequence}`;
  found.set(id, [...(found.get(id) ?? []), { index, operation }]);
}

async function contentOf(client: Client): Promise<Map<string, string>> {
  const held = new Map<string, string>();
  for await (const { records } of client.kv.pages({})) for (const { key, value } of records) held.set(utf8Text(key)!, utf8Text(value)!);
  return held;
}

test("every write whose outcome was unknown is found out, and the answer agrees with the log and with the key (N5, S112)", { timeout: 60_000 + kills * 10_000 }, async () => {
  const cluster = await startCluster({ settings: { ...fast, compaction: { trailingEntries: 1_000_000, trailingBytes: "64MiB" } } });
  const reader = new LogReader();
  const client = cluster.client({ timeoutMs: 30_000 });
  const doubts: Doubt[] = [];
  const answers: (Doubt & { readonly outcome: RequestOutcome })[] = [];
  const askAbout = async (asked: readonly Doubt[]): Promise<void> => {
    const outcomeOf = (stamp: SessionStamp): Promise<RequestOutcome> => until("an outcome", () => client.kv.outcome(stamp), patience);
    answers.push(...await Promise.all(asked.map(async (doubt) => ({ ...doubt, outcome: await outcomeOf(doubt.stamp) }))));
  };
  let isOver = false;
  const impatient = Array.from({ length: writers }, (_, number) => write(cluster.client({ timeoutMs: 60 }), `w${number}`, doubts, () => isOver));
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const leader = await cluster.leader(patience);
      await leader.kill9();
      await cluster.leader(patience);
      await leader.start();
      await askAbout(doubts.splice(0));
      await cluster.waitUntilFollowersKeepUp(patience);
      await reader.readOn(leader.client);
    }
  } finally {
    // Also when a kill was too many: with their clients closed the writers would never let go.
    isOver = true;
    await Promise.all(impatient);
  }
  await askAbout(doubts);
  await reader.readOn((await cluster.leader(patience)).client);
  const [log, held] = [reader.commands, await contentOf(client)];
  const counted = { applied: 0, "not-applied": 0, "session-expired": 0 };
  for (const { key, stamp, outcome } of answers) {
    const id = `${stamp.id}:${stamp.sequence}`;
    const [first] = log.get(id)!;
    counted[outcome.state] += 1;
    expect(outcome.state, id).toBe(first!.operation === "put" ? "applied" : "not-applied");
    if (outcome.state === "applied") expect(outcome.result.index, id).toBe(first!.index);
    expect(held.get(key), id).toBe(outcome.state === "applied" ? key : undefined);
  }
  process.stdout.write(`${kills} kills, ${answers.length} writes in doubt: ${counted.applied} applied, ${counted["not-applied"]} not applied\n`);
  expect(answers.length).toBeGreaterThan(0);
  expect(counted["session-expired"]).toBe(0);
});
