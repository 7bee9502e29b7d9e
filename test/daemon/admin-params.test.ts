// What is refused at the door of the admin methods, with one line that names the parameter.

import { expect, test } from "vitest";
import { checkParams } from "../../src/daemon/admin-params.ts";

const request = { id: "7", name: "n7", peerAddress: "n7.example:7401", clientAddress: "[::1]:7400", incarnation: 1, masterEligible: true, role: "voter", promote: "auto", dryRun: false };

test("an address in any script comes in; with a space, or with what a terminal would obey, it does not", () => {
  expect(checkParams("join", { ...request, peerAddress: "münchen.example:7401" })).toMatchObject({ peerAddress: "münchen.example:7401" });
  for (const peerAddress of ["", "n7", "n 7:7401", "n\u001b[31m7:7401", "n\u00077:7401", "n\u009b7:7401"]) {
    expect(() => checkParams("join", { ...request, peerAddress }), JSON.stringify(peerAddress)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", message: expect.stringContaining("peerAddress") }));
  }
});
