// Puts what the compiler has written to dist/ together for the command line: a command then loads a few files instead of some hundred, which is most of the
// time that it takes to start. bundle/ has one file for each command, as oclif wants to find them, and chunks that these share. The library is not bundled.

import { globSync, rmSync } from "node:fs";
import { rolldown } from "rolldown";
import { lazyBuiltins } from "./lazy-builtins.ts";
import { plainOrder } from "./plain-order.ts";
import { plainPlatform } from "./plain-platform.ts";

const output = "bundle";
/** What commands of any kind load anyway stands in one file: as many of them need it. */
const shareCountMin = 12;

const entries = ["dist/cli/entry.js", "dist/cli/help.js", "dist/hooks/command-not-found.js", ...globSync("dist/commands/**/*.js")];
const input = Object.fromEntries(entries.map((file) => [file.slice("dist/".length, -".js".length), file]));

rmSync(output, { recursive: true, force: true });
const bundle = await rolldown({
  // A program of its own, which is looked for beside whoever starts it.
  input: { ...input, "chunks/guard": "dist/cli/lock/guard.js" },
  platform: "node",
  plugins: [lazyBuiltins, plainOrder, plainPlatform],
  experimental: { attachDebugInfo: "none" },
  // Only a daemon needs these, and they look for files of theirs.
  external: [/^lmdb/, /^pino/, /^chokidar/, /^cosmiconfig/],
  onLog: (level, log, handle) => {
    // What is imported when it is needed may stand in the same file as what needs it: it is not run before.
    if (log.code === "INEFFECTIVE_DYNAMIC_IMPORT") return;
    if (level === "warn") throw new Error(`the bundle is not what it should be: ${log.message}`);
    handle(level, log);
  },
});
await bundle.write({
  dir: output,
  format: "esm",
  // A stack trace still names functions.
  minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  comments: { legal: true },
  codeSplitting: { groups: [{ name: "common", minShareCount: shareCountMin }] },
  // oclif asks where it lies.
  banner: 'import { fileURLToPath as pathOfUrl } from "node:url";\nconst __filename = pathOfUrl(import.meta.url), __dirname = pathOfUrl(new URL(".", import.meta.url));',
});
