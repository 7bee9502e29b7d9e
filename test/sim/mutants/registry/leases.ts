// Bugs in leases: ends that come too early, hit the wrong grant, or leave keys behind (HAZARDS 3).

import type { Mutant } from "../mutant.ts";

const lessorFile = "src/host/lessor.ts";
const lessor = ["test/host/lessor.test.ts"];
const leases = ["test/machine/leases.test.ts"];
const client = ["test/client/leases.test.ts"];

export const leaseMutants: readonly Mutant[] = [
  {
    name: "keep-alive-without-a-majority",
    breaks: ["H24"],
    file: lessorFile,
    find: "await this.#options.raft.readIndex(timeoutMs);",
    replace: "if (this.#current === undefined) await this.#options.raft.readIndex(timeoutMs);",
    tests: lessor,
  },
  {
    name: "deadlines-of-an-earlier-term",
    breaks: ["H24"],
    file: lessorFile,
    find: "return core.role === \"leader\" && this.#tenure?.term === core.currentTerm ? this.#tenure : undefined;",
    replace: "return core.role === \"leader\" ? this.#tenure : undefined;",
    tests: lessor,
  },
  {
    name: "lease-kept-while-it-is-being-ended",
    breaks: ["H24"],
    file: "src/host/lease-deadlines.ts",
    find: "if (held === undefined || held.isOver) return undefined;",
    replace: "if (held === undefined) return undefined;",
    tests: lessor,
  },
  {
    name: "new-leader-before-its-first-entry-is-applied",
    breaks: ["H24"],
    file: lessorFile,
    find: "const isEstablished = core.role === \"leader\" && core.termAt(core.lastApplied) === core.currentTerm;",
    replace: "const isEstablished = core.role === \"leader\";",
    tests: lessor,
  },
  {
    name: "expiry-hits-a-later-grant",
    breaks: ["H25"],
    file: "src/machine/kv.ts",
    find: "if (known === undefined || (expiredGrant !== undefined && expiredGrant !== known.grantIndex)) return leaseNotFound;",
    replace: "if (known === undefined) return leaseNotFound;",
    tests: leases,
  },
  {
    name: "put-leaves-its-key-attached-to-the-lease-of-before",
    breaks: ["H36"],
    file: "src/machine/kv.ts",
    find: "if (from !== undefined) this.#leases.detach(transaction, from, key);",
    replace: "",
    tests: leases,
  },
  {
    name: "image-with-keys-that-their-lease-does-not-know",
    breaks: ["H36"],
    file: "src/machine/image-check.ts",
    find: 'if (!this.#leases.fits) throw corrupt("keys that do not fit its leases");',
    replace: "",
    tests: leases,
  },
  {
    name: "holder-counts-from-the-answer",
    breaks: ["H24"],
    file: "src/client/lease.ts",
    find: "this.#safeUntil = Math.max(this.#safeUntil, this.#safeAfter(sentAt));",
    replace: "this.#safeUntil = this.#safeAfter(clock.now());",
    tests: client,
  },
];
