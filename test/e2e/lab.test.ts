// Throw-away clusters (N8): they work, they are found again, and whatever happens to the command, the supervisor or a daemon, no process and no
// directory is left.

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labHome } from "./support/lab.ts";
import { until } from "./support/until.ts";

interface Node {
  readonly name: string;
  readonly pid: number;
  readonly client: string;
}
interface Lab {
  readonly lab: string;
  readonly dir: string;
  readonly nodes: readonly Node[];
  readonly endpoints: readonly string[];
  readonly env: string;
}

const ready = "Ctrl-C stops it";

test("lab up --json returns when the cluster serves, and the printed variables reach it from a shell (N8, K5)", async () => {
  const home = await labHome();
  const up = await home.raftctl(["lab", "up", "--nodes", "3", "--json"]);
  expect(up.exit, up.stderr).toBe(0);
  const lab = up.json!.result as unknown as Lab;
  expect(lab.env).toBe(`export RAFTCTL_ENDPOINT=${lab.endpoints.join(",")} RAFTCTL_LAB=${lab.lab}`);
  const env = { RAFTCTL_ENDPOINT: lab.endpoints.join(","), RAFTCTL_LAB: lab.lab };
  expect((await home.raftctl(["put", "k", "v"], env)).exit).toBe(0);
  expect((await home.raftctl(["get", "k", "--output", "raw"], env)).stdout).toBe("v");
  const members = await home.raftctl(["member", "list", "--json"], env);
  expect(JSON.stringify(members.json)).toContain('"n3"');
  const status = await home.raftctl(["lab", "status", "--json"], env);
  const [found] = status.json!.result!["labs"] as { nodes: { role: string }[] }[];
  expect(found?.nodes.map((node) => node.role).toSorted()).toEqual(["follower", "follower", "leader"]);
  const down = await home.raftctl(["lab", "down", "--json"], env);
  expect([down.exit, down.json!.result]).toEqual([0, { stopped: lab.lab, kept: null }]);
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test("lab down twice is no failure; a lab that never was is not found", async () => {
  const home = await labHome();
  const lab = (await home.raftctl(["lab", "up", "--nodes", "1", "--json"])).json!.result as unknown as Lab;
  const env = { RAFTCTL_LAB: lab.lab };
  expect((await home.raftctl(["lab", "down"], env)).exit).toBe(0);
  const again = await home.raftctl(["lab", "down", "--json"], env);
  expect([again.exit, again.json!.result]).toEqual([0, { stopped: null, kept: null }]);
  expect((await home.raftctl(["lab", "down", lab.lab])).exit).toBe(4);
  expect((await home.raftctl(["lab", "status", lab.lab])).exit).toBe(4);
});

test("in the foreground it shows a put, a get and the status, and Ctrl-C leaves no process and no directory", async () => {
  const home = await labHome();
  const lab = home.start(["lab", "up"]);
  await lab.printed(ready);
  for (const text of ["$ raftctl put greeting hello", "$ raftctl get greeting", "hello", "leader", "export RAFTCTL_ENDPOINT="]) expect(lab.output()).toContain(text);
  expect(home.processes()).toHaveLength(4);
  lab.child.kill("SIGINT");
  expect(await lab.ended).toBe(0);
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test("SIGTERM while it starts leaves no process and no directory, exit 143", async () => {
  const home = await labHome();
  const lab = home.start(["lab", "up"]);
  await lab.printed("n1 is up");
  lab.child.kill("SIGTERM");
  expect(await lab.ended).toBe(143);
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test.each(["starting", "up"])("SIGKILL of the command while the lab is %s leaves no process and no directory (N8)", async (moment) => {
  const home = await labHome();
  const lab = home.start(["lab", "up"]);
  await lab.printed(moment === "up" ? ready : "n1 is up");
  lab.child.kill("SIGKILL");
  await home.nothingLeft();
});

test("SIGKILL of the supervisor: the daemons end by themselves, and the next lab command removes the rest", async () => {
  const home = await labHome();
  const lab = (await home.raftctl(["lab", "up", "--json"])).json!.result as unknown as Lab;
  const supervisor = home.processes().find((line) => line.includes("lab supervise"));
  process.kill(Number.parseInt(supervisor!, 10), "SIGKILL");
  await until("end of the daemons", () => home.processes().length === 0 || undefined);
  expect(await home.directories()).toEqual([`raftctl-${lab.lab}`]);
  const status = await home.raftctl(["lab", "status", "--json"]);
  expect(status.json!.result).toEqual({ labs: [] });
  expect(await home.directories()).toEqual([]);
});

test("a daemon that is killed is shown as ended, and the others go on", async () => {
  const home = await labHome();
  const lab = (await home.raftctl(["lab", "up", "--json"])).json!.result as unknown as Lab;
  process.kill(lab.nodes[0]!.pid, "SIGKILL");
  await until("n1 shown as ended", async () => /n1 +ended/.test((await home.raftctl(["lab", "status"])).stdout) || undefined);
  const others = { RAFTCTL_ENDPOINT: lab.endpoints.slice(1).join(",") };
  await until("put through the others", async () => (await home.raftctl(["put", "k", "v"], others)).exit === 0 || undefined);
  expect((await home.raftctl(["lab", "down", lab.lab])).exit).toBe(0);
  expect(await home.directories()).toEqual([]);
});

test("lab run sets the variables, ends with the command's exit code and leaves nothing", async () => {
  const home = await labHome();
  const run = await home.raftctl(["lab", "run", "--nodes", "1", "--", "sh", "-c", 'test -n "$RAFTCTL_LAB" && echo "$RAFTCTL_ENDPOINT" && exit 7']);
  expect(run.exit, run.stderr).toBe(7);
  expect(run.stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test("lab run passes a signal on to the command, waits for it, and leaves nothing", async () => {
  const home = await labHome();
  const run = home.start(["lab", "run", "--nodes", "1", "--", "sh", "-c", "trap 'echo caught; exit 9' TERM; echo running; while :; do sleep 0.1; done"]);
  await run.printed("running");
  run.child.kill("SIGTERM");
  expect(await run.ended).toBe(9);
  expect(run.output()).toContain("caught");
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test("a command that does not exist ends with 4 and leaves nothing", async () => {
  const home = await labHome();
  const run = await home.raftctl(["lab", "run", "--nodes", "1", "--json", "--", "no-such-program"]);
  expect([run.exit, run.json?.error?.code]).toEqual([4, "NOT_FOUND"]);
  expect(home.processes()).toEqual([]);
  expect(await home.directories()).toEqual([]);
});

test("--keep keeps the data; a directory that holds something is refused and not touched", async () => {
  const home = await labHome();
  const dir = join(home.temporary, "mine");
  const run = await home.raftctl(["lab", "run", "--nodes", "1", "--dir", dir, "--keep", "--json", "--", "true"]);
  expect([run.exit, run.json?.result?.["command"]]).toEqual([0, ["true"]]);
  expect((await readdir(dir)).toSorted()).toEqual(["n1", "raftctl.config.json"]);
  await mkdir(join(home.temporary, "other"));
  await writeFile(join(home.temporary, "other", "precious"), "");
  const refused = await home.raftctl(["lab", "up", "--json", "--nodes", "1", "--dir", join(home.temporary, "other")]);
  expect([refused.exit, refused.json?.error?.code]).toEqual([6, "CONFLICT"]);
  expect(await readdir(join(home.temporary, "other"))).toEqual(["precious"]);
  expect(home.processes()).toEqual([]);
});
