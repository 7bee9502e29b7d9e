// The options of the bench, checked before anything is started.

import { parseArgs } from "node:util";
import { fullScale, quickScale, type Scale } from "./scale.ts";
import type { Suite } from "./suite.ts";
import { suites } from "./suites/all.ts";

export interface Options {
  readonly suites: readonly Suite[];
  readonly rounds: number;
  readonly scale: Scale;
  /** auto, none or a file. */
  readonly etcd: string;
  readonly json: string | undefined;
  readonly baseline: string | undefined;
}

export const usage = `usage: npm run bench -- [options]
  --suite A,B      only these (default: all but the long ones)
  --rounds N       how often each step is measured (default 5; with --quick 1)
  --seconds S      of each load (default ${fullScale.seconds})
  --minutes M      of the suite endurance (default ${fullScale.enduranceMinutes})
  --quick          little of everything: shows that it works, its figures mean nothing
  --etcd auto|none|FILE   etcd to measure in turn (default auto: the one on the PATH, if there is one)
  --json FILE      write the figures of all rounds
  --baseline FILE  compare with such a file; exit code 1 when a figure is worse by more than noise
suites:
${suites.map(({ name, about, isLong }) => `  ${name.padEnd(14)} ${about}${isLong === true ? " (long: only by name)" : ""}`).join("\n")}
  backups under load: npm run bench:backup; parts by themselves: npm run bench:micro`;

/** undefined: help is wanted. @throws for what makes no sense */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: "string" }, rounds: { type: "string" }, seconds: { type: "string" }, minutes: { type: "string" }, quick: { type: "boolean", default: false },
      etcd: { type: "string", default: "auto" }, json: { type: "string" }, baseline: { type: "string" }, help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const base = values.quick ? quickScale : fullScale;
  return {
    suites: chosenSuites(values.suite), rounds: positive("--rounds", values.rounds, values.quick ? 1 : 5, Number.isInteger), etcd: values.etcd, json: values.json, baseline: values.baseline,
    scale: {
      ...base, seconds: positive("--seconds", values.seconds, base.seconds), enduranceMinutes: positive("--minutes", values.minutes, base.enduranceMinutes),
    },
  };
}

function chosenSuites(text: string | undefined): readonly Suite[] {
  if (text === undefined) return suites.filter(({ isLong }) => isLong !== true);
  return text.split(",").map((name) => {
    const found = suites.find((suite) => suite.name === name);
    if (found === undefined) throw new Error(`--suite ${name}: there is no such suite (${suites.map((suite) => suite.name).join(", ")})`);
    return found;
  });
}

export function positive(option: string, text: string | undefined, otherwise: number, isFine: (value: number) => boolean = Number.isFinite): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0) || !isFine(value)) throw new Error(`${option} ${text}: want a ${isFine === Number.isInteger ? "whole " : ""}number above 0`);
  return value;
}
