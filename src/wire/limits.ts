// Every bound of the protocol, by name. A length is compared with its bound before anything is allocated or kept; what is over the bound is
// refused with TOO_LARGE, BAD_FRAME or BAD_REQUEST. docs/wire.md repeats the table for people.

const kib = 1024;
const mib = 1024 * kib;

export const limits = {
  /** Bytes of one frame before the handshake is done: who has not said who he is may not make us keep more. */
  handshakeFrameBytesMax: 4 * kib,
  clientFrameBytesMax: 1.5 * mib,
  peerFrameBytesMax: 8 * mib,
  snapshotChunkBytesMax: 256 * kib,
  /** LMDB ends at 1978; the rest is left to the prefixes of the machine. */
  keyBytesMax: 1024,
  valueBytesMax: mib,
  /** A command is a value, its key and what goes with them. */
  commandBytesMax: mib + 64 * kib,
  rangeRecordsMax: 10_000,
  /** The name of a state that is held for further pages. */
  viewBytesMax: 64,
  /** In one keep-alive. */
  leasesPerRequestMax: 1_024,
  watchEventsMax: 10_000,
  watchBytesMax: mib,
  /** Arrays and maps inside each other in one frame. */
  depthMax: 32,
  /** Values in one frame, nested ones included. */
  nodesMax: 131_072,
  adminParamsBytesMax: 64 * kib,
  adminParamsDepthMax: 16,
  methodBytesMax: 64,
  nameBytesMax: 128,
  addressBytesMax: 300,
  versionBytesMax: 64,
  credentialsBytesMax: kib,
  regionsPerNodeMax: 256,
  membersMax: 256,
  errorMessageBytesMax: 2 * kib,
  /** A day: nobody waits longer for one answer. */
  timeoutMsMax: 86_400_000,
} as const;
