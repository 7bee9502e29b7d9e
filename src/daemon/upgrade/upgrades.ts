// Upgrading the cluster as a whole: asks every member over the connections between nodes which program it runs and which levels that knows, and sets the
// finalized level when all of them agree. The one step that has no way back: afterwards the log may hold what older programs cannot read.

import * as v from "valibot";
import { utf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { defer } from "../../base/deferred.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { HostedRegion } from "../../host/host.ts";
import type { RaftClusterMember } from "../../host/transport.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Member } from "../../raft/membership.ts";
import type { AdminMethods, UpgradeMember, UpgradeReport } from "../../wire/admin-protocol.ts";
import { clusterVersionSetting, firstLevel, type ClusterVersions } from "../../wire/cluster-version.ts";
import { decodeResult } from "../../wire/command-result.ts";
import { encodeCommand } from "../../wire/command.ts";
import { versionReport } from "../reports.ts";
import { assess } from "./assessment.ts";

export interface UpgradesOptions {
  readonly hosted: HostedRegion;
  readonly network: Pick<RaftClusterMember, "admin">;
  readonly machine: Pick<Machine, "level">;
  /** Of this program. */
  readonly versions: ClusterVersions;
  /** Of this node. */
  readonly name: string;
  readonly clock: Clock;
}

/** Long enough for a new connection on a busy machine, short enough for a call of five seconds. */
const askTimeoutMs = 2_000;
/** How long a node that cannot be reached is tried again, and how often. */
const redialMs = 1_000;
const retryMs = 100;

const level = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(999_999_999));
/** As a program of any version answers; one that does not speak of levels was made before there were any. */
const answer = v.looseObject({ version: v.string(), levels: v.optional(v.object({ min: level, max: level }), { min: firstLevel, max: firstLevel }) });

export class Upgrades {
  readonly #options: UpgradesOptions;

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  async report(timeoutMs: number): Promise<UpgradeReport> {
    const { hosted, machine, versions } = this.#options;
    const asked = Math.min(timeoutMs / 2, askTimeoutMs);
    const members = await Promise.all(hosted.raft.core.membership.members.map((member) => this.#ask(member, asked)));
    return assess(machine.level, members.toSorted((left, right) => left.name.localeCompare(right.name, "en", { numeric: true })), versions);
  }

  /** On the leader. @throws CONFLICT naming who did not answer, INCOMPATIBLE when the members have no newer level in common */
  async finalize({ dryRun }: AdminMethods["upgradeFinalize"]["params"], timeoutMs: number): Promise<AdminMethods["upgradeFinalize"]["result"]> {
    const { raft } = this.#options.hosted;
    // Membership and level of a leader that a majority still follows.
    await raft.ensureConsistency(timeoutMs);
    const report = await this.report(timeoutMs);
    const [obstacle] = report.obstacles;
    if (obstacle !== undefined) throw new RaftctlError(obstacle.code, obstacle.message, { hint: obstacle.hint });
    if (dryRun || report.target === report.finalized) return { ...report, applied: false, index: null };
    const command = encodeCommand({ operation: "set", key: utf8(clusterVersionSetting), value: utf8(String(report.target)) });
    const { index, result } = await raft.propose(command, { waitFor: "applied", timeoutMs });
    if (decodeResult(result).status !== "ok") throw new RaftctlError("CONFLICT", "another version was finalized meanwhile", { hint: "raftctl upgrade status" });
    return { ...report, finalized: report.target, applied: true, index };
  }

  async #ask({ id, name, peerAddress: address }: Member, timeoutMs: number): Promise<UpgradeMember> {
    try {
      const { version, levels } = id === this.#options.hosted.raft.id ? this.#own() : readAnswer((await this.#version(id, timeoutMs)).result);
      return { id, name, address, version, levels, error: null };
    } catch (thrown) {
      const { code, message } = toRaftctlError(thrown);
      return { id, name, address, version: null, levels: null, error: { code, message } };
    }
  }

  #own(): v.InferOutput<typeof answer> {
    return readAnswer(versionReport(this.#options.name, this.#options.versions));
  }

  /** A node that was just restarted is not dialled again at once: that is no silence yet. */
  async #version(id: Member["id"], timeoutMs: number): ReturnType<RaftClusterMember["admin"]> {
    const { clock, network } = this.#options;
    const giveUpAt = clock.now() + Math.min(timeoutMs, redialMs);
    for (;;) {
      try {
        return await network.admin(id, { type: "admin", hops: 1, method: "version", params: {}, timeoutMs }, { timeoutMs });
      } catch (error) {
        if (toRaftctlError(error).code !== "UNREACHABLE" || clock.now() + retryMs > giveUpAt) throw error;
        const pause = defer<void>();
        clock.at(clock.now() + retryMs, () => pause.resolve());
        await pause.promise;
      }
    }
  }
}

function readAnswer(value: unknown): v.InferOutput<typeof answer> {
  const parsed = v.safeParse(answer, value);
  if (parsed.success) return parsed.output;
  throw new RaftctlError("INCOMPATIBLE", `its answer cannot be read: ${v.getDotPath(parsed.issues[0]) ?? "version"}: ${parsed.issues[0].message}`);
}
