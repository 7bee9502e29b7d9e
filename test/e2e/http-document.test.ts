// docs/http.md does what it says: every command of its examples is run as it stands there, in one shell, and prints what stands below it. Numbers and
// random ids may differ.

import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment, executable } from "./support/command-line.ts";
import { labHome } from "./support/lab.ts";

interface Example {
  readonly command: string;
  readonly output: string;
}

/** "$ " begins a command, "> " goes on with it, the rest is what it prints. */
function examplesOf(document: string): Example[] {
  const blocks = [...document.matchAll(/^```console\n(.*?)^```$/gms)].map((match) => match[1]!);
  return blocks.join("").split(/^\$ /m).slice(1).map((text) => {
    const lines = text.trimEnd().split("\n");
    const rest = lines.slice(1);
    const more = rest.filter((line) => line.startsWith("> "));
    return { command: [lines[0]!, ...more.map((line) => line.slice(2))].join("\n"), output: rest.slice(more.length).join("\n") };
  });
}

const comparable = (text: string): string => text.trim().replace(/\blab-[0-9a-f]+/g, "lab-ID").replace(/"(?:index|term|createIndex|modIndex)":"\d+"/g, (field) => field.replace(/\d+/, "N"));

test("every example of docs/http.md runs as it stands and prints what stands there (K5, S120, U12)", async () => {
  const document = await readFile(new URL("../../docs/http.md", import.meta.url), "utf8");
  const examples = examplesOf(document);
  expect(examples.length).toBeGreaterThan(20);
  const home = await labHome();
  const folder = home.temporary;
  const programs = join(folder, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "raftctl"), `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(executable)} "$@"\n`, { mode: 0o755 });
  const env = cleanEnvironment(folder, { TMPDIR: folder });
  const outputs = await runInOneShell(examples.map(({ command }) => command), { ...env, PATH: `${programs}:${process.env["PATH"]}` });
  expect(outputs.map(comparable)).toEqual(examples.map(({ output }) => comparable(output)));
  await home.nothingLeft();
});

/** What each command printed, on both streams but for the progress of the lab. */
async function runInOneShell(commands: readonly string[], env: Record<string, string>): Promise<string[]> {
  const mark = "--- next example ---";
  const script = commands.map((command) => `${command}\necho '${mark}'\n`).join("");
  const child = spawn("bash", ["-u", "-o", "pipefail"], { env, stdio: ["pipe", "pipe", "pipe"] });
  let [printed, complaints] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  child.stdin.end(script);
  const exit = await new Promise<number | null>((resolve) => child.once("close", resolve));
  expect([exit, complaints.split("\n").filter((line) => line !== "" && !/^n\d is up /.test(line))]).toEqual([0, []]);
  return printed.split(`${mark}\n`).slice(0, -1);
}
