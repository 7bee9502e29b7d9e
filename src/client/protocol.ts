// The version of the protocol that this client speaks, for those who show it.

export { protocolVersion } from "../wire/handshake.ts";
