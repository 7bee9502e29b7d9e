// Every suite, in the order of the table of goals. That of backups under load is `npm run bench:backup`.

import type { Suite } from "../suite.ts";
import { endurance } from "./endurance.ts";
import { failover } from "./failover.ts";
import { gets, largeValues, manyConnections, mixed, puts, staleGets } from "./loads.ts";
import { idle, onePut, shell } from "./own.ts";
import { restart } from "./restart.ts";

export const suites: readonly Suite[] = [puts, gets, staleGets, mixed, manyConnections, largeValues, restart, failover, shell, idle, onePut, endurance];
