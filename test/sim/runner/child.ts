// The entry of a child process of the runner. It ends when its parent is gone, and leaves Ctrl-C to it, so that the parent can still report.

import { runSeed } from "../run.ts";
import { serveSeeds } from "./seed-server.ts";

process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
serveSeeds(runSeed, process);
