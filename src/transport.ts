// The door `raftctl/transport`: what a program needs to carry raftctl's messages by a network of its own (S13). A base class that leaves the carrying to it; and below
// that the interfaces, the messages, and how messages and handshakes become lists of plain fields and come back checked. Reaches no socket, file or package.

export { RaftctlError } from "./base/errors.ts";
export { parseClusterId, parseNodeId, parseRegionId } from "./base/ids.ts";
export type { ClusterId, NodeId, RegionId } from "./base/ids.ts";
export { TransportBase } from "./embedding/transport-base.ts";
export type { Message } from "./embedding/transport-base.ts";
export type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport, TransportStats } from "./host/transport.ts";
export { encodeErrorResponse } from "./wire/envelope.ts";
export type { WireFields } from "./wire/frame.ts";
export { checkPeerHello, decodeHello, decodeWelcome, encodeHello, encodeRefusal, encodeWelcome } from "./wire/handshake.ts";
export type { Hello, LocalIdentity, Role, Welcome } from "./wire/handshake.ts";
export { peerMessageTypes } from "./wire/peer-protocol.ts";
export type * from "./wire/peer-protocol.ts";
export { decodePeerRequest, encodePeerRequest } from "./wire/peer-requests.ts";
export { decodePeerResponse, encodePeerResponse } from "./wire/peer-responses.ts";
