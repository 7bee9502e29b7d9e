// A cluster that is full, and cannot be emptied any more; a size that is wrong.

import type { Mutant } from "../mutant.ts";

const tests = ["test/daemon/space-quota.test.ts"];

export const spaceMutants: readonly Mutant[] = [
  {
    name: "full-cluster-refuses-deletes",
    breaks: ["H45"],
    file: "src/wire/command.ts",
    find: "return bytes[1] === operations.put || bytes[1] === operations.append || bytes[1] === operations.txn;",
    replace: "return bytes[1] !== operations.set;",
    tests,
  },
  {
    name: "appends-slip-past-the-quota",
    breaks: ["H45"],
    file: "src/wire/command.ts",
    find: "return bytes[1] === operations.put || bytes[1] === operations.append || bytes[1] === operations.txn;",
    replace: "return bytes[1] === operations.put;",
    tests,
  },
  {
    name: "overwriting-counted-as-new",
    breaks: ["H45"],
    file: "src/daemon/space-quota.ts",
    find: "recordHeaderBytes + value.length - before;",
    replace: "recordHeaderBytes + value.length + 0 * before;",
    tests,
  },
  {
    name: "quota-alarm-never-ends",
    breaks: ["H45"],
    file: "src/daemon/space-quota.ts",
    find: "if (quotaBytes === undefined || dataBytes * 100 < quotaBytes * lowWaterPercent) this.#hasRefused = false;",
    replace: "if (quotaBytes === undefined) this.#hasRefused = false;",
    tests,
  },
  {
    name: "snapshot-by-entries-never-due",
    breaks: ["S106"],
    file: "src/host/snapshotter.ts",
    find: "if (entries !== undefined && this.#entriesSince >= entries) return true;",
    replace: "if (entries !== undefined && this.#entriesSince >= entries) return intervalMs === 0;",
    tests: ["test/host/snapshotter.test.ts"],
  },
  {
    name: "age-of-the-snapshot-never-renewed",
    breaks: ["S106"],
    file: "src/host/snapshotter.ts",
    find: "    this.#takenAt = clock.now();\n    const snapshot",
    replace: "    const snapshot",
    tests: ["test/host/snapshotter.test.ts"],
  },
  {
    name: "deleted-range-still-counted",
    breaks: ["S42"],
    file: "src/machine/kv.ts",
    find: "this.#size.bytes -= bytes;",
    replace: "",
    tests: ["test/machine/settings.test.ts"],
  },
  {
    name: "setting-not-in-the-digest",
    breaks: ["S42", "H38"],
    file: "src/machine/settings.ts",
    find: "this.#digest.addRecord(checksum);\n    this.#size.bytes",
    replace: "this.#size.bytes",
    tests: ["test/machine/settings.test.ts"],
  },
  {
    name: "client-writes-settings-directly",
    breaks: ["H45"],
    file: "src/daemon/client-server.ts",
    find: "if (isSetting(request.command)) throw",
    replace: "if (isSetting(request.command) && request.timeoutMs < 0) throw",
    tests,
  },
];
