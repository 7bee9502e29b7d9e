import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeDaemon, memberReport, nodeIdOf, regionReport } from "../client/fake-daemon.ts";
import { raftctl } from "./run-raftctl.ts";
import type { Outcome, RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await new FakeDaemon().start();
});
afterEach(() => daemon.stop());

function run(line: string, options: RunOptions = {}): Promise<Outcome> {
  return raftctl(line.split(" "), { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint, ...options.env } });
}

function loseLeader(): void {
  Object.assign(daemon.status.regions[0]!, {
    leader: null, role: "candidate", failureTolerance: -1,
    election: { term: 9, needed: [2], granted: ["n2"], missing: ["n1", "n3"], refused: [] },
  });
}

test("status shows every member on a line of its own with role, term, indexes and lag", async () => {
  const { code, stdout } = await run("status");
  expect(code).toBe(0);
  const [head, titles, ...rows] = stdout.trimEnd().split("\n");
  expect(head).toBe("region global  leader n1  term 7  failure tolerance 1");
  expect(titles?.split(/ {2,}/)).toEqual(["NAME", "ID", "ROLE", "TERM", "COMMIT", "APPLIED", "LAG", "LAST CONTACT"]);
  expect(rows.map((row) => row.split(/\s+/).slice(0, 3))).toEqual([["n1", "1001", "leader"], ["n2", "1002", "voter"], ["n3", "1003", "voter"]]);
  expect(rows[0]).toMatch(/leader\s+7\s+1042\s+1042\s+0\s+-$/);
});

test("status without a leader says which votes it takes and whose are missing", async () => {
  loseLeader();
  const { stdout } = await run("status");
  expect(stdout).toContain("leader none  term 7  failure tolerance none: no quorum");
  expect(stdout).toContain("no leader: needs 2 votes in term 9, has n2; missing n1, n3");
});

test("status as JSON has terms and indexes as strings and the daemon's warnings", async () => {
  daemon.status.warnings.push({ code: "PEER_PLAINTEXT", message: "peer traffic is not encrypted" });
  const { json } = await run("status --json");
  expect(json).toMatchObject({ ok: true, schema: "raftctl.status/v1", warnings: [{ code: "PEER_PLAINTEXT" }] });
  expect(json.result.nodes[0].regions[0]).toMatchObject({ term: "7", commitIndex: "1042", lastApplied: "1042", failureTolerance: 1, lag: 0 });
  expect(json.result.nodes[0].regions[0].members[0]).toMatchObject({ name: "n1", match: "1042" });
});

test("status --all-nodes asks each member, and one that is down has its error in place of numbers", async () => {
  const second = await new FakeDaemon("n2").start();
  const members = daemon.status.regions[0]!.members;
  members[1]!.clientAddress = second.endpoint;
  Object.assign(second.status.regions[0]!, { role: "follower", commitIndex: 1000, lastContactMs: 5 });
  const { json } = await run("status --all-nodes --json");
  await second.stop();
  expect(json.result.nodes.map((node: { name: string }) => node.name)).toEqual(["n1", "n2", "n3"]);
  expect(json.result.nodes[1].regions[0].commitIndex).toBe("1000");
  expect(json.result.nodes[2]).toMatchObject({ name: "n3", address: "127.0.0.1:1", error: { code: "UNREACHABLE" } });
  expect((await run("status --all-nodes")).stdout).toMatch(/n3 .*unknown .*no daemon answers/);
});

test("status --watch --json writes one document per line until it is interrupted, and then exits 130", async () => {
  const { code, stdout } = await run("status --watch 20ms --json", {
    onOutput: (kill, out) => out.split("\n").length > 3 && kill("SIGINT"),
  });
  expect(code).toBe(130);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(3);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ ok: true, schema: "raftctl.status/v1" });
});

test("health is exit 0 when all is well, 11 with the failed check when not, 3 when nobody answers", async () => {
  expect(await run("health")).toMatchObject({ code: 0, stdout: "ok    leader  n1 leads in term 7\n" });
  daemon.health = { healthy: false, live: true, ready: false, checks: [{ name: "leader", ok: false, detail: "no leader" }] };
  const bad = await run("health --json");
  expect(bad.code).toBe(11);
  expect(bad.json).toMatchObject({ ok: false, schema: "raftctl.health/v1", result: { healthy: false }, error: { code: "UNHEALTHY", message: "not healthy: leader (no leader)" } });
  expect((await run("health --live")).code).toBe(0);
  expect((await run("health --ready")).code).toBe(11);
  expect((await run("health", { env: { RAFTCTL_ENDPOINT: "127.0.0.1:1" } })).code).toBe(3);
});

test("health --max-lag fails a node that is further behind", async () => {
  daemon.status.regions[0]!.lag = 50;
  expect((await run("health --max-lag 50")).code).toBe(0);
  expect((await run("health --max-lag 49")).stderr).toContain("50 entries behind, at most 49 wanted");
});

test("wait ends as soon as all conditions hold", async () => {
  expect(await run("wait --for leader --for voters=3 --for lag<10 --for applied=1000 --for healthy")).toMatchObject({
    code: 0, stdout: "OK leader voters=3 lag<10 applied=1000 healthy\n",
  });
});

test("wait keeps waiting for what changes, and reports progress on stderr only", async () => {
  loseLeader();
  const { code, stdout, stderr } = await run("wait --for leader --timeout 10s", {
    onOutput: (_kill, out) => {
      if (out.includes("waiting for leader")) daemon.status.regions[0] = regionReport();
    },
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "OK leader\n" });
  expect(stderr).toContain("waiting for leader (no leader: needs 2 votes");
});

test("wait in vain is exit 11 and names exactly the clause that does not hold and what is there instead", async () => {
  const { code, json } = await run("wait --for leader --for voters=5 --for term>=8 --timeout 300ms --json");
  expect(code).toBe(11);
  expect(json.result).toMatchObject({ met: ["leader"], unmet: [{ condition: "voters=5", found: "voters is 3" }, { condition: "term>=8", found: "term is 7" }] });
  expect(json.error?.message).toBe("not met in time: voters=5 (voters is 3), term>=8 (term is 7)");
});

test("wait for nobody at all is exit 3, after the whole time, and a condition that does not exist is exit 2", async () => {
  const start = performance.now();
  expect((await run("wait --for leader --timeout 500ms", { env: { RAFTCTL_ENDPOINT: "127.0.0.1:1" } })).code).toBe(3);
  expect(performance.now() - start).toBeGreaterThan(400);
  expect((await run("wait --for leaders")).code).toBe(2);
});

test("member list and show speak of the same members; an unknown one is exit 4 with the nearest name", async () => {
  expect((await run("member list --json")).json.result).toMatchObject({ failureTolerance: 1, membershipIndex: "3", members: [{ name: "n1" }, { name: "n2" }, { name: "n3" }] });
  expect((await run("member list")).stdout).toMatch(/^NAME .*\nn1 +1001 +leader /);
  expect((await run("member show n2 --json")).json).toMatchObject({ schema: "raftctl.member-show/v1", result: { id: nodeIdOf("n2"), match: "1042" } });
  expect((await run(`member show ${nodeIdOf("n3")}`)).stdout).toMatch(/^name +n3\n/);
  const unknown = await run("member show n9 --json");
  expect(unknown).toMatchObject({ code: 4 });
  expect(unknown.json.error?.hint).toMatch(/did you mean n\d\?/);
});

test("the beginning of a name is enough when it fits only one member", async () => {
  daemon.status.regions[0]!.members = ["berlin-1", "berlin-2", "paris-1"].map((name) => ({ ...memberReport("n2"), id: name.length + name.at(-1)!, name }));
  expect((await run("member show par --json")).json.result.name).toBe("paris-1");
  expect(await run("member show ber")).toMatchObject({ code: 2 });
});

test("leader show names the leader, and without one is exit 5 with the missing votes", async () => {
  expect((await run("leader show --json")).json.result).toMatchObject({ region: "global", name: "n1", id: "1001", term: "7", address: daemon.endpoint });
  loseLeader();
  const lost = await run("leader show --json");
  expect(lost.code).toBe(5);
  expect(lost.json.error).toMatchObject({ code: "NO_LEADER", details: { missing: ["n1", "n3"], term: "9" } });
});

test("leader transfer takes a member by name, and refuses one that does not exist before anything is asked", async () => {
  expect((await run("leader transfer n2 --json")).json.result).toEqual({ old: "n1", new: "n2", ms: 12, applied: true });
  expect(daemon.requests.at(-1)).toMatchObject({ method: "leaderTransfer", params: { to: "n2", dryRun: false } });
  const asked = daemon.requests.length;
  expect((await run("leader transfer nobody")).code).toBe(4);
  expect(daemon.requests.slice(asked)).not.toContainEqual(expect.objectContaining({ method: "leaderTransfer" }));
  expect((await run("leader resign")).stdout).toBe("OK n1 -> n2 in 12ms\n");
});

test("version shows this program, the daemons, and where they differ; without a daemon it still answers", async () => {
  const { json } = await run("version --json");
  expect(json.result).toMatchObject({ client: { protocol: 1 }, servers: [{ name: "n1", protocol: 1, dataFormat: 1 }] });
  const alone = await run("version --json", { env: { RAFTCTL_ENDPOINT: "127.0.0.1:1" } });
  expect(alone.code).toBe(0);
  expect(alone.json.result.servers[0].error.code).toBe("UNREACHABLE");
});
