import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const door = (path: string): string => fileURLToPath(new URL(`src/${path}.ts`, import.meta.url));

// unit: in process, no sockets but loopback, a few seconds. tidy: the tree itself. e2e: the built binary and real daemons, apart from everything else and
// one file at a time, because they measure time and would measure the other tests with it.
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
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/{base,raft,wire,storage,machine,host,embedding,examples,hazards,platform,config,daemon,client,cli,commands,hooks,sim,e2e-support}/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      { extends: true, test: { name: "tidy", include: ["test/*.test.ts"], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
