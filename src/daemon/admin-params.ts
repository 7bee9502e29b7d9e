// The door of the admin methods: unknown values in, typed parameters out. What is wrong is said in one line that names the parameter.

import * as v from "valibot";
import { RaftctlError } from "../base/errors.ts";
import { rulesBytesMax } from "../machine/rules/rule-set.ts";
import { leasePageMax } from "./lease-reports.ts";
import { sessionPageMax } from "./session-reports.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import { limits } from "../wire/limits.ts";

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/));
const address = v.pipe(v.string(), v.maxLength(262), v.regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s\p{Cc}]+):[0-9]{1,5}$/u));
const id = v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,19}$/));
const incarnation = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));
const formationCount = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000));
const position = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const exportId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const lease = v.pipe(v.string(), v.regex(/^(?!0{16})[0-9a-f]{16}$/));
const prefixText = v.pipe(v.string(), v.maxLength(limits.keyBytesMax));
const ruleText = v.pipe(v.string(), v.maxLength(rulesBytesMax));
const nothing = v.strictObject({});

const member = v.strictObject({ id, name, peerAddress: address, clientAddress: address, incarnation, masterEligible: v.boolean() });
const ids = v.optional(v.pipe(v.array(id), v.maxLength(64)));
const change = v.strictObject({ upsert: v.optional(v.pipe(v.array(member), v.maxLength(64))), promote: ids, demote: ids, remove: ids });
const names = v.pipe(v.array(text), v.maxLength(64));
const update = v.strictObject({ node: text, name: v.nullable(name), peerAddress: v.nullable(address), clientAddress: v.nullable(address), masterEligible: v.nullable(v.boolean()) });

const schemas = {
  status: nothing,
  health: nothing,
  diagnose: nothing,
  httpAddress: nothing,
  memberList: v.strictObject({ consistency: v.nullish(v.picklist(["linearizable", "leader", "stale"]), null) }),
  logHeader: nothing,
  logPage: v.strictObject({ first: position, last: position, content: v.picklist(["sizes", "values", "payload"]), waitMs: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60_000)) }),
  leaderTransfer: v.strictObject({ to: v.nullable(text), dryRun: v.boolean() }),
  join: v.strictObject({
    ...member.entries,
    role: v.picklist(["voter", "learner"]),
    promote: v.picklist(["auto", "manual", "never"]),
    dryRun: v.boolean(),
  }),
  joinProgress: nothing,
  formationVote: v.strictObject({ nodeId: id, name, expect: formationCount, vote: v.nullable(id), found: formationCount }),
  formation: nothing,
  standing: v.strictObject({ id, peerAddress: address, lastLogIndex: position, lastLogTerm: position }),
  memberChange: v.strictObject({ promote: names, demote: names, remove: names, update: v.pipe(v.array(update), v.maxLength(64)), force: v.boolean(), dryRun: v.boolean(), transferTo: v.nullable(text) }),
  memberPlan: v.strictObject({ changes: v.pipe(v.array(v.strictObject({ add: v.pipe(v.array(name), v.maxLength(64)), promote: names, demote: names, remove: names })), v.maxLength(64)) }),
  memberAdd: v.strictObject({ peerAddress: address, name: v.nullable(name), unreachableOk: v.boolean(), dryRun: v.boolean() }),
  memberReplace: v.strictObject({ leaving: text, newcomer: name, force: v.boolean(), dryRun: v.boolean() }),
  replacementCancel: v.strictObject({ id: text, dryRun: v.boolean() }),
  membershipChange: v.strictObject({ change }),
  snapshotOpen: v.strictObject({ linearizable: v.boolean(), compression: v.picklist(["none", "zstd"]) }),
  snapshotRead: v.strictObject({ id: exportId, part: position }),
  snapshotClose: v.strictObject({ id: exportId }),
  snapshotTake: v.strictObject({ trailing: v.nullable(position), compactState: v.optional(v.boolean()), dryRun: v.boolean() }),
  snapshotList: nothing,
  snapshotPrune: v.strictObject({ keep: v.pipe(position, v.minValue(1)), dryRun: v.boolean() }),
  writeTrace: v.strictObject({ index: position, term: position }),
  entryTrace: v.strictObject({ index: v.pipe(position, v.minValue(1)) }),
  quota: nothing,
  quotaSet: v.strictObject({ bytes: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER))), dryRun: v.boolean() }),
  rules: nothing,
  rulesSet: v.strictObject({ rule: ruleText, dryRun: v.boolean() }),
  rulesDelete: v.strictObject({ prefix: prefixText, dryRun: v.boolean() }),
  rulesCheck: v.strictObject({ prefix: prefixText, rule: v.nullable(ruleText) }),
  alarmClear: nothing,
  leaseKeepAlive: v.strictObject({ leases: v.pipe(v.array(lease), v.minLength(1), v.maxLength(limits.leasesPerRequestMax)) }),
  leaseList: v.strictObject({ after: v.nullable(lease), limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(leasePageMax)) }),
  leaseInfo: v.strictObject({ lease, keys: v.boolean() }),
  sessionList: v.strictObject({ after: v.nullable(id), limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(sessionPageMax)) }),
  effectiveConfig: nothing,
  daemonStatus: nothing,
  daemonStop: v.strictObject({ transfer: v.boolean(), drainMs: v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)) }),
  version: nothing,
  upgradeStatus: nothing,
  upgradeFinalize: v.strictObject({ dryRun: v.boolean() }),
} satisfies Record<keyof AdminMethods, v.GenericSchema>;

export type AdminMethod = keyof AdminMethods;

export function isAdminMethod(method: string): method is AdminMethod {
  return Object.hasOwn(schemas, method);
}

export function checkParams<M extends AdminMethod>(method: M, params: unknown): AdminMethods[M]["params"] {
  const parsed = v.safeParse(schemas[method], params ?? {});
  if (parsed.success) return parsed.output as AdminMethods[M]["params"];
  const issue = parsed.issues[0];
  const path = v.getDotPath(issue) ?? "parameters";
  throw new RaftctlError("BAD_REQUEST", `${method}: ${path}: ${issue.message}`);
}
