// All planted bugs, floor by floor. docs/mutants.md says how they are run and what it means when one survives.

import type { Mutant } from "./mutant.ts";
import { auditMutants } from "./registry/audit.ts";
import { backupMutants } from "./registry/backup.ts";
import { checkMutants } from "./registry/check.ts";
import { electionMutants } from "./registry/election.ts";
import { entryMomentsMutants } from "./registry/entry-moments.ts";
import { hostMutants } from "./registry/host.ts";
import { httpMutants } from "./registry/http.ts";
import { inspectionMutants } from "./registry/inspection.ts";
import { leaseReadMutants } from "./registry/lease-reads.ts";
import { leaseMutants } from "./registry/leases.ts";
import { libraryMutants } from "./registry/library.ts";
import { lockMutants } from "./registry/locks.ts";
import { machineMutants } from "./registry/machine.ts";
import { measurementMutants } from "./registry/measurements.ts";
import { membershipMutants } from "./registry/membership.ts";
import { memoryMutants } from "./registry/memory.ts";
import { savingMutants } from "./registry/saving.ts";
import { operatorMutants } from "./registry/operators.ts";
import { pageMutants } from "./registry/pages.ts";
import { readMutants } from "./registry/reads.ts";
import { replicationMutants } from "./registry/replication.ts";
import { sessionCloseMutants } from "./registry/session-close.ts";
import { snapshotMutants } from "./registry/snapshot.ts";
import { spaceMutants } from "./registry/space.ts";
import { storageMutants } from "./registry/storage.ts";
import { traceMutants } from "./registry/traces.ts";
import { transferMutants } from "./registry/transfer.ts";
import { txnMutants } from "./registry/txn.ts";
import { validationMutants } from "./registry/validation.ts";
import { watchMutants } from "./registry/watch.ts";
import { wireMutants } from "./registry/wire.ts";

export const mutants: readonly Mutant[] = [
  ...electionMutants, ...replicationMutants, ...readMutants, ...membershipMutants, ...transferMutants, ...snapshotMutants, ...storageMutants, ...memoryMutants, ...savingMutants,
  ...hostMutants, ...httpMutants, ...machineMutants, ...wireMutants, ...operatorMutants, ...auditMutants, ...spaceMutants, ...backupMutants,
  ...inspectionMutants, ...traceMutants, ...txnMutants, ...leaseMutants, ...leaseReadMutants, ...lockMutants, ...watchMutants, ...pageMutants, ...libraryMutants, ...validationMutants,
  ...sessionCloseMutants, ...entryMomentsMutants, ...measurementMutants, ...checkMutants,
];
