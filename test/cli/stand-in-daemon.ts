// Stands in for `raftctl daemon run` in tests of the code that starts daemons: it is called with the same words, behaves as the file `behaviour` in its
// data directory says, and never opens a socket.

import { existsSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const words = process.argv.slice(4);
const { values } = parseArgs({
  args: words,
  options: { "data-dir": { type: "string" }, "ready-fd": { type: "string" }, "lifeline-fd": { type: "string" }, config: { type: "string" }, socket: { type: "string" } },
});
const dataDir = values["data-dir"]!;
const file = join(dataDir, "behaviour");
const behaviour = existsSync(file) ? readFileSync(file, "utf8") : "serve";
const report = (line: object): void => void writeSync(Number(values["ready-fd"]), `${JSON.stringify(line)}\n`);

writeFileSync(join(dataDir, "called"), JSON.stringify({ words, pid: process.pid, env: Object.keys(process.env).filter((name) => name.startsWith("RAFTCTL_")) }));
if (behaviour === "fail") {
  report({ ready: false, error: { code: "LOCKED", message: "somebody else is here", exit: 6, hint: "look" } });
  process.exitCode = 6;
} else if (behaviour === "crash") {
  process.stderr.write('{"level":"fatal","message":"out of luck"}\n');
  process.exitCode = 3;
} else {
  if (behaviour === "serve") report({ ready: true, pid: process.pid, socket: "/s", peer: "127.0.0.1:1", client: "127.0.0.1:2" });
  if (behaviour === "stubborn") process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 1_000);
}
