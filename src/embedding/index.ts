// The door `raftctl/raft`: Raft for programs of their own, without daemon, file system or sockets (S28). Three levels, each usable alone: `Raft`, a node with
// a state machine of the program's own; the ports around it (network, storage, clock), for who brings other ones; and `RawNode`, the pure consensus core.

export { Raft } from "./raft.ts";
export type { ClientRequest, Executed } from "./raft.ts";
export type { CallOptions } from "./call-limits.ts";
export type { EntrySession } from "./requests.ts";
export { decodeEntry, encodeEntry } from "./entry-codec.ts";
export type { SessionStamp, StampedEntry } from "./entry-codec.ts";
export { Executor } from "./executor.ts";
export type { FounderOptions, MemberNetwork, NewcomerOptions, RaftNodeOptions, StoredOptions } from "./options.ts";
export { jsonCodec } from "./state-machine.ts";
export type { Codec, Done, Outcome, Refused, StateMachine } from "./state-machine.ts";
export { MemoryNetwork } from "./memory-network.ts";
export { VolatileStorage } from "./volatile-storage.ts";
export { SystemClock } from "../platform/system-clock.ts";

export { RaftctlError } from "../base/errors.ts";
export type { ErrorCode } from "../base/errors.ts";
export { parseNodeId, parseRegionId } from "../base/ids.ts";
export type { NodeId, RegionId } from "../base/ids.ts";
export type { Clock, Timer } from "../base/clock.ts";
export type { Logger } from "../base/logger.ts";
export { Prng } from "../base/prng.ts";
export type { RaftStorage, StoredSnapshot } from "../host/raft-storage.ts";
export type { RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport } from "../host/transport.ts";

export * from "../raft/index.ts";
