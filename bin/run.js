#!/usr/bin/env node
// The start of raftctl. An old Node hands over to the one that the package brings for development, or says so in one line. Everything else is in
// src/cli/entry.ts; this file must be readable by every Node.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
const supported = major >= 24 || (major === 22 && minor >= 22);
const bundledNode = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));

if (supported) {
  module.enableCompileCache?.();
  const { main } = await import("../bundle/cli/entry.js");
  await main(fileURLToPath(new URL("..", import.meta.url)));
} else if (existsSync(bundledNode) && !process.env.RAFTCTL_NODE_HANDED_OVER) {
  handOver();
} else {
  process.stderr.write(`raftctl needs Node 22.22 or later, or 24 or later; this is ${process.versions.node} at ${process.execPath}\n`);
  process.exitCode = 1;
}

function handOver() {
  const env = { ...process.env, RAFTCTL_NODE_HANDED_OVER: "1" };
  const child = spawn(bundledNode, process.argv.slice(1), { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`raftctl cannot start ${bundledNode}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? { SIGINT: 130, SIGTERM: 143 }[signal] ?? 1;
  });
}
