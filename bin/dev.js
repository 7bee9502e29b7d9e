#!/usr/bin/env node
// raftctl from its sources, without a build (Node strips the types). For development; run it with `npx node bin/dev.js`.

import * as module from "node:module";
import { fileURLToPath } from "node:url";

module.enableCompileCache?.();
const { mainFromSource } = await import("../src/cli/entry.ts");
await mainFromSource(fileURLToPath(new URL("..", import.meta.url)));
