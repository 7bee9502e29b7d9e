// The program's own version, from its package.

import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

export const programVersion = version;
