// All planted bugs, floor by floor. docs/mutants.md says how they are run and what it means when one survives.

import type { Mutant } from "./mutant.ts";
import { auditMutants } from "./registry/audit.ts";
import { backupMutants } from "./registry/backup.ts";
import { electionMutants } from "./registry/election.ts";
import { hostMutants } from "./registry/host.ts";
import { inspectionMutants } from "./registry/inspection.ts";
import { machineMutants } from "./registry/machine.ts";
import { membershipMutants } from "./registry/membership.ts";
import { operatorMutants } from "./registry/operators.ts";
import { readMutants } from "./registry/reads.ts";
import { replicationMutants } from "./registry/replication.ts";
import { snapshotMutants } from "./registry/snapshot.ts";
import { spaceMutants } from "./registry/space.ts";
import { storageMutants } from "./registry/storage.ts";
import { transferMutants } from "./registry/transfer.ts";
import { validationMutants } from "./registry/validation.ts";
import { wireMutants } from "./registry/wire.ts";

export const mutants: readonly Mutant[] = [
  ...electionMutants, ...replicationMutants, ...readMutants, ...membershipMutants, ...transferMutants, ...snapshotMutants, ...storageMutants,
  ...hostMutants, ...machineMutants, ...wireMutants, ...operatorMutants, ...auditMutants, ...spaceMutants, ...backupMutants,
  ...inspectionMutants, ...validationMutants,
];
