// docs/compare-etcd.md names commands and flags: they exist, and what it calls missing is missing.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/compare-etcd.md"), "utf8");
const surface = JSON.parse(readFileSync(join(import.meta.dirname, "surface.json"), "utf8")) as Record<string, { readonly flags: readonly string[] }>;

/** Of the table rows: cells without their bars. */
const rows = document.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
const spans = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
const missing = rows.filter((cells) => cells.some((cell) => cell.startsWith("**not yet**")));

/** The longest command that the words begin with. */
function commandOf(line: string): string | undefined {
  const words = line.split(" ").slice(1);
  for (let count = words.length; count > 0; count -= 1) {
    const command = words.slice(0, count).join(" ");
    if (Object.hasOwn(surface, command)) return command;
  }
  return undefined;
}

const named = rows.flatMap((cells) => cells.flatMap((cell, place) => (place === 1 && missing.includes(cells) ? [] : spans(cell)))).concat(spans(document.split("\n## ")[0]!))
  .filter((span) => span.startsWith("raftctl ") && !span.startsWith("raftctl --"));

test.each([...new Set(named)])("%s is a command, with the flags that are named", (line) => {
  const command = commandOf(line);
  expect(command, "no such command: add it, or say **not yet** in the last cell").toBeDefined();
  const left = line.split(" ").slice(1 + command!.split(" ").length);
  expect(left.filter((word) => /^[a-z]/.test(word)), "a word that is no part of a command").toEqual([]);
  const flags = surface[command!]!.flags.map((flag) => flag.replace(/^-\w, /, "").split(" ")[0]);
  for (const flag of left.filter((word) => word.startsWith("--"))) expect(flags, `${command} ${flag}`).toContain(flag);
});

test.each(missing.map((cells) => spans(cells[1]!)[0]!))("%s is said to be missing, and is", (line) => {
  const topic = line.split(" ").slice(1).join(" ");
  expect(Object.keys(surface).filter((command) => command === topic || command.startsWith(`${topic} `)), "it is there by now: say what is different").toEqual([]);
});

test("every verb of etcdctl has a row", () => {
  const verbs = [
    "alarm disarm", "alarm list", "auth disable", "auth enable", "auth status", "check datascale", "check perf", "compaction", "completion", "defrag", "del",
    "downgrade cancel", "downgrade enable", "downgrade validate", "elect", "endpoint hashkv", "endpoint health", "endpoint status", "get", "help",
    "lease grant", "lease keep-alive", "lease list", "lease revoke", "lease timetolive", "lock", "make-mirror", "member add", "member list", "member promote",
    "member remove", "member update", "move-leader", "options", "put", "role add", "role delete", "role get", "role grant-permission", "role list",
    "role revoke-permission", "snapshot restore", "snapshot save", "snapshot status", "txn", "user add", "user delete", "user get", "user grant-role", "user list",
    "user passwd", "user revoke-role", "version", "watch",
  ];
  const told = new Set(rows.flatMap(([first = ""]) => spans(first)));
  expect(verbs.filter((verb) => !told.has(verb))).toEqual([]);
});

test("every verb and flag of raftctl that it names in code is counted: the tables are read", () => {
  expect(named.length).toBeGreaterThan(40);
  expect(missing.length).toBeGreaterThan(0);
});
