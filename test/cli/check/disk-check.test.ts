import { expect, test } from "vitest";
import { checkDisk, type DiskFinding, type TimeSyncs } from "../../../src/cli/check/disk/disk-check.ts";
import type { DiskFlags } from "../../../src/cli/check/disk/disk-flags.ts";
import { diskText } from "../../../src/cli/check/disk/disk-text.ts";
import type { Warning } from "../../../src/cli/envelope.ts";

const flags: DiskFlags = { duration: 1000, "write-size": 1024, quiet: true, "data-dir": "/var/lib/raftctl" };

/** A disk that syncs in these times, for a second. */
async function checked(times: readonly number[], { isVolatile = false, given = flags } = {}): Promise<DiskFinding & { readonly warnings: Warning[]; readonly asked: Parameters<TimeSyncs>[0][] }> {
  const [warnings, asked]: [Warning[], Parameters<TimeSyncs>[0][]] = [[], []];
  const finding = await checkDisk(given, async (request) => {
    asked.push(request);
    for (const time of times) request.onSync(time);
    return { directory: "/var/lib", isVolatile, elapsedMs: 1000 };
  }, (warning) => void warnings.push(warning));
  return { ...finding, warnings, asked };
}

const syncs = (count: number, tookMs: number): number[] => Array.from({ length: count }, () => tookMs);

test("the log that is timed is the one of this data directory, with its segments", async () => {
  const { asked, document } = await checked(syncs(500, 2));
  expect(asked).toMatchObject([{ dataDir: "/var/lib/raftctl", writeBytes: 1024, segmentBytes: 64 * 1024 ** 2, durationMs: 1000 }]);
  expect(document).toMatchObject({ dataDir: "/var/lib/raftctl", directory: "/var/lib", perSecond: 500, electionTimeoutMs: 1000, latency: { count: 500, p50Ms: 2 } });
});

test("a disk passes up to ten milliseconds for 99 of 100 syncs, and half of the election timeout for the slowest", async () => {
  const good = await checked([...syncs(990, 9.9), ...syncs(10, 499)]);
  expect([good.document.verdict, good.error]).toEqual(["pass", undefined]);
  const slow = await checked([...syncs(980, 1), ...syncs(20, 10.1)]);
  expect(slow.document.criteria.map(({ name, met }) => [name, met])).toEqual([["p99", false], ["slowest", true]]);
  expect([slow.error!.code, slow.error!.exit]).toEqual(["UNHEALTHY", 11]);
  expect(slow.error!.message).toBe("this disk is too slow for a log: 99 of 100 syncs took at most 10.1ms, wanted at most 10ms: no write is answered before a majority has synced it");
  const halting = await checked([...syncs(999, 1), 501]);
  expect(halting.document.criteria.map(({ name, met }) => [name, met])).toEqual([["p99", true], ["slowest", false]]);
  expect(halting.error!.message).toContain("the slowest sync took 501ms, wanted at most 500ms, half of the election timeout of 1s");
});

test("nothing synced is void: neither a pass nor a disk that was found slow", async () => {
  const { document, error } = await checked([]);
  expect([document.verdict, error!.exit, error!.message]).toEqual(["void", 11, "void: no append to a log in /var/lib became durable in time"]);
  expect(diskText(document, false)).not.toMatch(/PASS|FAIL/);
});

test("a directory in memory is fast, and is warned of", async () => {
  expect((await checked(syncs(10, 0.01), { isVolatile: true })).warnings).toEqual([{ code: "NOT_DURABLE", message: "/var/lib is in memory: what is written there is gone with the power" }]);
  expect((await checked(syncs(10, 0.01))).warnings).toEqual([]);
});

test("a terminal gets the distribution as a picture", async () => {
  const { document } = await checked([...syncs(30, 0.4), ...syncs(3, 4)]);
  expect(diskText(document, true)).toContain("█");
  expect(diskText(document, false)).not.toContain("█");
});
