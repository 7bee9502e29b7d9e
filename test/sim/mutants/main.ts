// `npm run sim:mutants -- --help`: the command line of the mutation run. docs/mutants.md says what it is for.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCampaign } from "./campaign.ts";
import { readOrder, usage } from "./command-line.ts";
import { endLines, trialLine } from "./report.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let order: ReturnType<typeof readOrder>;
  try {
    order = readOrder(words);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  if (order === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const began = performance.now();
  const { falseAlarm, trials } = await runCampaign(repository, order, (trial) => void process.stdout.write(`${trialLine(trial)}\n`));
  if (order.json !== undefined) writeFileSync(order.json, `${JSON.stringify(trials, undefined, 2)}\n`);
  if (falseAlarm !== undefined) {
    process.stdout.write(`${trialLine(falseAlarm)}\nsomething was found although nothing was planted: this run says nothing\n`);
    return 3;
  }
  process.stdout.write(`${endLines(trials, performance.now() - began).join("\n")}\n`);
  return trials.every(({ killed }) => killed) ? 0 : 1;
}
