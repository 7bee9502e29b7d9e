// Discovery says where nodes might be, and no more: what looks at sources knows no transport and opens no connection (S69, S72, S91).

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const sources = ["changes", "discovery", "dns-discovery", "file-discovery", "node-list", "open-discovery", "static-discovery"];

function importsOf(name: string): string[] {
  const text = readFileSync(new URL(`../../../src/daemon/discovery/${name}.ts`, import.meta.url), "utf8");
  return [...text.matchAll(/from "([^"]+)"/g)].map((match) => match[1]!);
}

test("no discovery source can open a socket to a peer, or knows a membership (S69, S72, S91)", () => {
  const imports = [...new Set(sources.flatMap(importsOf))];
  expect(imports).toContain("node:dns/promises");
  expect(imports.filter((path) => /^node:(net|tls|http2?|https|dgram)$|\/(platform|host|raft|wire)\//.test(path))).toEqual([]);
});
