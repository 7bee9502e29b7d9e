// `upgrade status|finalize`: what the members run, what they know, and what finalizing a newer cluster version would change for good.

import { RaftctlError } from "../base/errors.ts";
import type { AdminMethods, UpgradeMember, UpgradeReport } from "../wire/admin-protocol.ts";
import type { Warning } from "./envelope.ts";
import { renderTable } from "./table.ts";
import { visible } from "./terminal.ts";

type Finalized = AdminMethods["upgradeFinalize"]["result"];

const none = "-";

export function upgradeText(report: UpgradeReport): string {
  const table = renderTable(report.members, [
    { title: "NAME", cell: ({ name }) => visible(name) },
    { title: "PROGRAM", cell: ({ version }) => visible(version ?? none) },
    { title: "KNOWS", cell: knownText },
    { title: "PEER ADDRESS", cell: ({ address }) => visible(address) },
    { title: "", cell: ({ error }) => (error === null ? "" : visible(error.message)) },
  ]);
  return [`cluster version ${report.finalized}`, table, outlook(report)].join("\n");
}

function knownText({ levels }: UpgradeMember): string {
  if (levels === null) return none;
  return levels.min === levels.max ? `${levels.max}` : `${levels.min} to ${levels.max}`;
}

function outlook(report: UpgradeReport): string {
  const [obstacle] = report.obstacles;
  if (obstacle !== undefined) return `nothing can be finalized now: ${visible(obstacle.message)}`;
  if (report.target === report.finalized) return "nothing to finalize: no member knows a newer version";
  return `raftctl upgrade finalize is possible: ${consequences(report)}`;
}

/** Before it is done, as a question and as an outlook. */
export function consequences({ finalized, target, allows }: UpgradeReport): string {
  const allowed = allows.length === 0 ? "" : ` It allows ${allows.map(visible).join(", ")}.`;
  return `the cluster goes from version ${finalized} to ${target}, and never back.${allowed} Programs that know no version above ${target - 1} can then neither run in it nor open its data directories`;
}

export function finalizedText(result: Finalized): string {
  if (result.applied) return `OK ${result.index}: cluster version ${result.finalized}`;
  return result.target === result.finalized ? `nothing was changed: cluster version ${result.finalized} is the newest that the members know` : `nothing was changed: ${consequences(result)}`;
}

/** The members stand apart: exit 15. */
export function upgradeFinding({ obstacles }: UpgradeReport): RaftctlError | undefined {
  const apart = obstacles.find(({ code }) => code === "INCOMPATIBLE");
  return apart && new RaftctlError("INCOMPATIBLE", apart.message, { hint: apart.hint });
}

/** Somebody did not answer, which says nothing about versions. */
export function silenceWarnings({ obstacles }: UpgradeReport): Warning[] {
  return obstacles.flatMap(({ code, message }) => (code === "CONFLICT" ? [{ code: "MEMBER_SILENT", message }] : []));
}

export type FinalizeDocument = Omit<Finalized, "index"> & { index: string | null };

export function finalizeDocument(result: Finalized): FinalizeDocument {
  return { ...result, index: result.index === null ? null : String(result.index) };
}
