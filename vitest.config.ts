import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const door = (path: string): string => fileURLToPath(new URL(`src/${path}.ts`, import.meta.url));

// unit: in process, no sockets but loopback, a few seconds. tidy: the tree itself. e2e: the built binary and real daemons, apart from everything else and
// one file at a time, because they measure time and would measure the other tests with it. last: what only a run of all the others can show.
// The order is given to all of them: with one worker vitest runs a group without a number behind those that have one.
export default defineConfig({
  // The doors of the package, so that the examples of the documentation run as they stand.
  resolve: {
    alias: [
      { find: /^raftctl$/, replacement: door("index") },
      { find: "raftctl/cluster", replacement: door("daemon/cluster") },
      { find: "raftctl/raft", replacement: door("embedding/index") },
      { find: "raftctl/transport", replacement: door("transport") },
      { find: /^raftctl\/conformance\/(.+)$/, replacement: door("conformance/$1") },
    ],
  },
  test: {
    pool: "forks",
    globalSetup: "test/last/schemas-seen.ts",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/{base,raft,wire,storage,machine,host,embedding,examples,hazards,platform,config,daemon,client,cli,http,commands,hooks,sim,bench,e2e-support}/**/*.test.ts"],
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: "tidy", include: ["test/*.test.ts"], testTimeout: 30_000, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      { extends: true, test: { name: "last", include: ["test/last/**/*.test.ts"], sequence: { groupOrder: 3 } } },
    ],
  },
});
