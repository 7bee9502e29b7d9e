import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { command } from "./command.ts";
import { endings } from "./fixtures/fake-run.ts";
import { fakeSurroundings } from "./fixtures/fake-surroundings.ts";
import type { Summary } from "./summary.ts";
import type { Surroundings } from "./surroundings.ts";

const directory = mkdtempSync(join(tmpdir(), "raftctl-sim-runner-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function sim(line: string, change: Partial<Surroundings> = {}) {
  const around = fakeSurroundings(change);
  const exitCode = await command(line.split(" ").filter((word) => word !== ""), around);
  return { exitCode, lines: around.output.lines, text: around.output.text, errors: around.errors.lines };
}

describe("the command line", () => {
  test("that is wrong ends with exit code 2 and one line on the error output", async () => {
    expect(await sim("--seeds 0")).toMatchObject({ exitCode: 2, lines: [], errors: ['sim: --seeds takes a whole number from 1 to 1000000000, not "0" (npm run sim -- --help)'] });
    expect((await sim("")).exitCode).toBe(2);
  });

  test("explains itself", async () => {
    const { exitCode, text } = await sim("--help");
    expect(exitCode).toBe(0);
    for (const option of ["--seed", "--seeds", "--time", "--regressions", "--determinism", "--shrink", "--omit", "--quiet", "--from", "--fresh", "--jobs", "--max-failures", "--require-marks", "--json", "--runs"]) {
      expect(text).toContain(option);
    }
  });
});

describe("one seed", () => {
  test("that passes shows its trace, the verdict, what happened, and last the command that repeats it", async () => {
    expect(await sim("--seed 42 --omit 1,2,3,7")).toMatchObject({
      exitCode: 0,
      lines: [
        "line 1 of seed 42", "", "passed", "",
        "seed          42",
        "trace hash    000000000000002a",
        "events        1,000",
        "operations    10 checked",
        "virtual time  60.000 s",
        "faults        crash 2, one-way cut 1",
        "",
        "npm run sim -- --seed 42 --omit 1-3,7",
      ],
    });
  });

  test("that fails names the property, the time and what happened, and ends with exit code 1", async () => {
    const { exitCode, lines } = await sim("--seed 13 --quiet");
    expect(exitCode).toBe(1);
    expect(lines.slice(0, 3)).toEqual(["VIOLATION of Fake Safety at 1500.250 ms", "  seed 13 is unlucky", "    at somewhere (file.ts:1:2)"]);
    expect(lines.at(-1)).toBe("npm run sim -- --seed 13");
  });

  test("whose simulator throws has failed, too", async () => {
    const { exitCode, lines } = await sim("--seed 88 --quiet");
    expect(exitCode).toBe(1);
    expect(lines).toContain("  RangeError: the fake is broken");
    expect(lines.at(-1)).toBe("npm run sim -- --seed 88");
  });
});

describe("many seeds", () => {
  test("that pass end with exit code 0 and the sums of all", async () => {
    const json = join(directory, "passed.json");
    const { exitCode, lines } = await sim(`--seeds 10 --jobs 2 --json ${json}`);
    expect(exitCode).toBe(0);
    expect(lines[0]).toBe("seeds 0 to 9, 2 processes");
    expect(lines.at(-1)).toBe("passed");
    expect(lines).toEqual(expect.arrayContaining([
      "seeds                       10", "events                      10,000", "checked operations          100", "virtual time                0.2 h",
      "fault        struck  seeds  of seeds", "crash            20     10     100 %", "one-way cut       5      5      50 %", "a-mark  src/raft/fake.ts          30       10",
    ]));
    expect(JSON.parse(readFileSync(json, "utf8")) as Summary).toMatchObject({
      seeds: 10, events: 10_000, operations: 100, virtualMs: 600_000, faults: { crash: { total: 20, seeds: 10 }, "one-way cut": { total: 5, seeds: 5 } },
      marks: { "a-mark": { hits: 30, seeds: 10 } }, marksNeverHit: [], failures: [],
    });
  });

  test("of which one fails say so at once with the command that repeats it, go on, and end with exit code 1", async () => {
    const json = join(directory, "failed.json");
    const { exitCode, lines } = await sim(`--seeds 8 --from 10 --json ${json}`);
    expect(exitCode).toBe(1);
    const place = lines.indexOf("seed 13");
    expect(lines.slice(place, place + 4)).toEqual(["seed 13", "  VIOLATION of Fake Safety at 1500.250 ms", "    seed 13 is unlucky", "  npm run sim -- --seed 13"]);
    expect(lines).toContain("seeds                       8");
    expect(lines.at(-1)).toBe("failed");
    expect((JSON.parse(readFileSync(json, "utf8")) as Summary).failures).toEqual([
      { seed: 13, omit: [], property: "Fake Safety", message: "seed 13 is unlucky", atMs: 1500.25, replay: "npm run sim -- --seed 13" },
    ]);
  });

  test("stop when too many have failed", async () => {
    const { exitCode, lines } = await sim("--seeds 1000000 --from 13 --jobs 1 --max-failures 1");
    expect(exitCode).toBe(1);
    expect(lines.at(-1)).toBe("stopped: 1 seed has failed (--max-failures 1)");
  });

  test("fail for a mark that was never hit, if all are required", async () => {
    const markPlaces = () => [{ name: "a-mark", path: "src/raft/fake.ts", line: 7 }, { name: "never-hit", path: "src/raft/other.ts", line: 9 }];
    expect((await sim("--seeds 2", { markPlaces })).exitCode).toBe(0);
    const { exitCode, lines } = await sim("--seeds 2 --require-marks", { markPlaces });
    expect(exitCode).toBe(1);
    expect(lines).toEqual(expect.arrayContaining(["marks that no seed has hit: 1", "  never-hit  src/raft/other.ts:9"]));
    expect(lines.at(-1)).toBe("failed");
  });

  test("run until the time is over, and begin at a number of the clock", async () => {
    const { exitCode, lines } = await sim("--time 1s --jobs 1", { now: () => 5_000_000_999 });
    expect(exitCode).toBe(0);
    expect(lines.slice(0, 2)).toEqual(["the first seed is 5000000, of the clock", "seeds from 5000000, 1 processes"]);
  });

  test("begin at a number of the commit, and without git at one of the clock", async () => {
    expect((await sim("--seeds 1 --fresh")).lines.slice(0, 2)).toEqual(["the first seed is 100, of the commit 00000064", "seeds 100 to 100, 2 processes"]);
    expect((await sim("--seeds 1 --fresh", { commit: () => undefined })).lines[0]).toBe("the first seed is 1000, of the clock");
  });

  test("that are interrupted still give their summary, and exit code 130", async () => {
    const interruption = new AbortController();
    const run = sim(`--seeds 1 --from ${endings.standsStill}`, { interrupted: interruption.signal });
    await new Promise(setImmediate);
    interruption.abort();
    const { exitCode, lines } = await run;
    expect(exitCode).toBe(130);
    expect(lines.at(-1)).toBe("interrupted");
  });

  test("are refused before they begin if their summary could not be written", async () => {
    const { exitCode, errors, lines } = await sim(`--seeds 1 --json ${join(directory, "missing", "file.json")}`);
    expect({ exitCode, lines }).toEqual({ exitCode: 2, lines: [] });
    expect(errors[0]).toMatch(/^sim: --json cannot write .*ENOENT/);
  });
});

describe("regressions", () => {
  const file = join(directory, "regressions.txt");

  test("are run with what they leave out, and a failing one says what it is known for", async () => {
    writeFileSync(file, "# known\n42 omit=2 # it lost a write\n5 # a stale read\n13 # two leaders\n");
    const { exitCode, lines } = await sim("--regressions", { regressionsFile: file });
    expect(exitCode).toBe(1);
    expect(lines[0]).toBe(`3 regressions of ${file}, 2 processes`);
    expect(lines.filter((line) => line.includes("known for"))).toEqual(["  known for: two leaders"]);
  });

  test("that cannot be read are an error of usage which names the line", async () => {
    writeFileSync(file, "5 # fine\nfive # not\n");
    const { exitCode, errors } = await sim("--regressions", { regressionsFile: file });
    expect(exitCode).toBe(2);
    expect(errors[0]).toContain(`${file}:2: "five # not"`);
  });
});

describe("determinism", () => {
  test("holds if both processes give equal traces", async () => {
    const { exitCode, lines } = await sim("--determinism --seeds 5");
    expect({ exitCode, last: lines.at(-1) }).toEqual({ exitCode: 0, last: "passed: 5 seeds gave equal traces in two processes each" });
  });

  test("is broken by a seed whose traces differ, and the first different lines are shown", async () => {
    const { exitCode, lines } = await sim("--determinism --seed 99");
    expect(exitCode).toBe(1);
    expect(lines[2]).toMatch(/^seed 99 differs between two processes: trace hash \d+ and \d+$/);
    const place = lines.indexOf("seed 99, the first lines that differ:");
    expect(lines[place + 1]).toBe("  both    line 1 of seed 99");
    expect(lines[place + 2]).toMatch(/^ {2}first {3}process \d+$/);
    expect(lines[place + 3]).toMatch(/^ {2}second {2}process \d+$/);
  });
});

describe("shrinking", () => {
  test("leaves the faults that are needed, and last the command that repeats the small run", async () => {
    const { exitCode, lines } = await sim("--shrink --seed 42");
    expect(exitCode).toBe(0);
    expect(lines.slice(lines.indexOf("3 of 12 planned faults are left:"))).toEqual([
      "3 of 12 planned faults are left:", "   2  fault 2", "   7  fault 7", "   8  fault 8", "",
      expect.stringMatching(/^\d+ runs; without any one or two of these the run does not fail in this way$/), "",
      "npm run sim -- --seed 42 --omit 0,1,3-6,9-11",
    ]);
  });

  test("is bounded, and says so", async () => {
    const { exitCode, lines } = await sim("--shrink --seed 42 --runs 3");
    expect(exitCode).toBe(0);
    expect(lines).toContain("3 runs; the budget of runs is used up, fewer may do (--runs)");
  });

  test("of a seed that passes has nothing to do, and ends with exit code 1", async () => {
    expect(await sim("--shrink --seed 5")).toMatchObject({ exitCode: 1, lines: ["seed 5 violates nothing: there is nothing to shrink"] });
  });
});
