// Watching a configuration file through the three ways in which files are replaced in the field.

import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { configChanges } from "../../src/config/reload.ts";
import { watchFile } from "../../src/config/watch.ts";
import { makeSandbox } from "./sandbox.ts";

/** Counts the reports; `next` waits for the one that follows. */
async function watching(file: string) {
  let reports = 0;
  let arrived: (() => void) | undefined;
  const watch = await watchFile(file, () => {
    reports += 1;
    arrived?.();
  });
  onTestFinished(() => watch.close());
  return {
    reports: () => reports,
    async after(change: () => void): Promise<void> {
      const report = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      change();
      await report;
    },
  };
}

test("a file that is written in place, renamed over, or removed and made again is reported once per content", async () => {
  const sandbox = makeSandbox();
  const file = sandbox.write("raftctl.config.json", { name: "a" });
  const watch = await watching(file);
  await watch.after(() => writeFileSync(file, '{"name":"b"}'));
  await watch.after(() => {
    writeFileSync(`${file}.new`, '{"name":"c"}');
    renameSync(`${file}.new`, file);
  });
  await watch.after(() => {
    renameSync(file, `${file}.old`);
    writeFileSync(file, '{"name":"d"}');
  });
  expect(watch.reports()).toBe(3);
});

test("an untouched content is not reported, whatever happens to the file and beside it", async () => {
  const sandbox = makeSandbox();
  const file = sandbox.write("raftctl.config.json", { name: "a" });
  const watch = await watching(file);
  writeFileSync(file, '{"name":"a"}');
  writeFileSync(join(dirname(file), "other.json"), "{}");
  await watch.after(() => writeFileSync(file, '{"name":"b"}'));
  expect(watch.reports()).toBe(1);
});

test("the swapped link of a mounted ConfigMap is reported", async () => {
  const sandbox = makeSandbox();
  sandbox.write("mount/..v1/raftctl.config.json", { name: "a" });
  sandbox.write("mount/..v2/raftctl.config.json", { name: "b" });
  const mount = join(sandbox.root, "mount");
  mkdirSync(mount, { recursive: true });
  symlinkSync("..v1", join(mount, "..data"));
  symlinkSync("..data/raftctl.config.json", join(mount, "raftctl.config.json"));
  const watch = await watching(join(mount, "raftctl.config.json"));
  await watch.after(() => {
    symlinkSync("..v2", join(mount, "..data_tmp"));
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  });
  expect(watch.reports()).toBe(1);
});

test("only the log level is taken over while running; the rest waits for a restart", async () => {
  const sandbox = makeSandbox();
  const load = (flags: Record<string, string>) => loadConfig({ flags, env: sandbox.env, cwd: sandbox.cwd });
  const before = await load({});
  const after = await load({ "log.level": "debug", "raft.electionTimeout": "2s", name: "n2" });
  expect(configChanges(before, before)).toEqual({ reloadable: [], needRestart: [] });
  expect(configChanges(before, after)).toEqual({ reloadable: ["log.level"], needRestart: ["name", "raft.electionTimeout"] });
});
