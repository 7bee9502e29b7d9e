// What `recover collect` has found, for people.

import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import type { SurvivorDocument, SurvivorsDocument } from "./documents.ts";

export function survivorsText({ survivors }: SurvivorsDocument, out: string | undefined): string {
  const table = renderTable(survivors, [
    { title: "NODE", cell: ({ name }) => visible(name) },
    { title: "CLUSTER", cell: ({ clusterId }) => clusterId },
    { title: "INCARNATION", cell: ({ clusterIncarnation }) => clusterIncarnation, align: "right" },
    { title: "LOG ENDS AT", cell: logEnd, align: "right" },
    { title: "COMMITTED", cell: committed, align: "right" },
    { title: "TERM", cell: ({ hardState }) => hardState.currentTerm, align: "right" },
    { title: "DIRECTORY", cell: ({ directory }) => visible(directory) },
  ]);
  return out === undefined ? table : `${table}\nwritten to ${visible(out)}`;
}

/** As far as its log or its state knows. */
function committed({ hardState, appliedIndex }: SurvivorDocument): string {
  return Number(appliedIndex) > Number(hardState.commitIndex) ? appliedIndex : hardState.commitIndex;
}

function logEnd({ lastIndex, terms, snapshot }: SurvivorDocument): string {
  return `${lastIndex} of term ${terms.at(-1)?.term ?? snapshot.term}`;
}
