// Where things are: the admin socket that daemon and command line must agree on, private folders, contexts.

import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isSecretName } from "../../src/config/secrets.ts";
import { readContext, readContexts } from "../../src/config/contexts.ts";
import { adminSocketPath, makePrivateDirectory, prepareSocketDirectory } from "../../src/config/socket-path.ts";
import { makeSandbox } from "./sandbox.ts";

test("the admin socket is in the data directory, through links too", () => {
  const sandbox = makeSandbox();
  mkdirSync(join(sandbox.root, "data"));
  symlinkSync("data", join(sandbox.root, "link"));
  const socket = join(sandbox.root, "data", "admin.sock");
  expect(adminSocketPath(join(sandbox.root, "data"), sandbox.env)).toBe(socket);
  expect(adminSocketPath(join(sandbox.root, "link"), sandbox.env)).toBe(socket);
  expect(adminSocketPath(join(sandbox.root, "link", "later"), sandbox.env)).toBe(join(sandbox.root, "data", "later", "admin.sock"));
});

test("a data directory whose socket path is too long for the system gets a short one in a private folder, the same each time", () => {
  const sandbox = makeSandbox();
  const deep = join(sandbox.root, "x".repeat(60), "y".repeat(60));
  const socket = adminSocketPath(deep, sandbox.env);
  expect(socket).toMatch(new RegExp(`^${sandbox.root}/run/raftctl/[0-9a-f]{16}\\.sock$`));
  expect(adminSocketPath(deep, sandbox.env)).toBe(socket);
  expect(adminSocketPath(`${deep}2`, sandbox.env)).not.toBe(socket);
  prepareSocketDirectory(socket, sandbox.env);
  expect(statSync(join(sandbox.root, "run", "raftctl")).mode & 0o777).toBe(0o700);
});

test("the longest path that still fits is used as it is", () => {
  const sandbox = makeSandbox();
  const room = (process.platform === "linux" ? 107 : 103) - `${sandbox.root}//admin.sock`.length;
  const fitting = join(sandbox.root, "d".repeat(room));
  expect(adminSocketPath(fitting, sandbox.env)).toBe(join(fitting, "admin.sock"));
  expect(adminSocketPath(`${fitting}d`, sandbox.env)).toContain("/run/raftctl/");
});

test("a socket in the data directory needs no folder of its own", () => {
  const sandbox = makeSandbox();
  prepareSocketDirectory(join(sandbox.root, "absent", "admin.sock"), sandbox.env);
  expect(existsSync(join(sandbox.root, "absent"))).toBe(false);
});

test("a private folder that others could enter is closed, and a file in its place is refused", () => {
  const sandbox = makeSandbox();
  const folder = join(sandbox.root, "private");
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  makePrivateDirectory(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  symlinkSync(folder, join(sandbox.root, "link"));
  expect(() => makePrivateDirectory(join(sandbox.root, "link"))).toThrow("is not a directory of this user");
});

test("contexts are read from the user's folder; none is no error, a damaged file is", async () => {
  const sandbox = makeSandbox();
  expect(await readContexts(sandbox.env)).toEqual({ contexts: {} });
  sandbox.write("config/raftctl/contexts.json", { current: "prod", contexts: { prod: { endpoint: ["10.0.0.1:7400"], region: "eu" } } });
  expect(await readContext("prod", sandbox.env)).toEqual({ endpoint: ["10.0.0.1:7400"], region: "eu" });
  await expect(readContext("toString", sandbox.env)).rejects.toMatchObject({ code: "NOT_FOUND" });
  sandbox.write("config/raftctl/contexts.json", { contexts: { prod: { token: "x" } } });
  await expect(readContexts(sandbox.env)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("contexts.prod.token") });
  sandbox.write("config/raftctl/contexts.json", "{");
  await expect(readContexts(sandbox.env)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a secret is known by its name, and the name of its file is none (T20)", () => {
  for (const name of ["token", "rootToken", "PASSWORD", "privateKey", "private_key", "clientSecret"]) expect(isSecretName(name)).toBe(true);
  for (const name of ["tokenFile", "key", "monkey", "secretary", "clientKeyFile"]) expect(isSecretName(name)).toBe(false);
});
