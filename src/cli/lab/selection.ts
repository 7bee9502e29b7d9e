// Which lab a command is about: the one that is named, else $RAFTCTL_LAB, else the only one that is running.

import { RaftctlError } from "../../base/errors.ts";
import { nearestName } from "../../config/suggestion.ts";
import { readRecords, type LabRecord } from "./record.ts";

/** undefined when no lab is running and none was named as an argument. @throws NOT_FOUND; USAGE when several are running. */
export function selectLab(argument: string | undefined, env: NodeJS.ProcessEnv): LabRecord | undefined {
  const records = readRecords(env);
  const wanted = argument ?? (env["RAFTCTL_LAB"] || undefined);
  if (wanted === undefined) {
    if (records.length > 1) {
      throw new RaftctlError("USAGE", `${records.length} labs are running: ${records.map((record) => record.lab).join(", ")}`, { hint: "name one" });
    }
    return records[0];
  }
  const found = records.find((record) => record.lab === wanted);
  if (found !== undefined || argument === undefined) return found;
  const nearest = nearestName(wanted, records.map((record) => record.lab));
  throw new RaftctlError("NOT_FOUND", `no lab ${JSON.stringify(wanted)} is running`, nearest === undefined ? {} : { hint: `did you mean ${nearest}?` });
}
