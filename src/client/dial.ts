// The real way to a daemon: platform/request-connection.ts, loaded when the first connection is made.

import { addressText } from "./channel.ts";
import type { Address, Dial } from "./channel.ts";

/** What this side calls itself in the daemon's logs. */
const clientName = `raftctl-${process.pid}`;

export const dial: Dial = async (address, timeoutMs, signal) => {
  const [{ RequestConnection }, { SystemClock }, { parseAddress }] = await Promise.all([
    import("../platform/request-connection.ts"), import("../platform/system-clock.ts"), import("../platform/connect.ts"),
  ]);
  return RequestConnection.connect(connectTarget(address, parseAddress), { clock: new SystemClock(), clientName, timeoutMs, signal });
};

function connectTarget(address: Address, parseAddress: (text: string) => { host: string; port: number }): { path: string } | { host: string; port: number } {
  return "socket" in address ? { path: address.socket } : parseAddress(addressText(address));
}
