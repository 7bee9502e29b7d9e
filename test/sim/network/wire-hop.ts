// What the bytes between two nodes do to a message: it is encoded and decoded as on a real connection, so that both ends own their own copy.

import type { RegionId } from "../../../src/base/ids.ts";
import { messagePackCodec } from "../../../src/wire/codec.ts";
import type { WireFields } from "../../../src/wire/frame.ts";
import type { PeerCalls, PeerMessageType } from "../../../src/wire/peer-protocol.ts";
import { decodePeerRequest, encodePeerRequest } from "../../../src/wire/peer-requests.ts";
import { decodePeerResponse, encodePeerResponse } from "../../../src/wire/peer-responses.ts";

export type AnyRequest = PeerCalls[PeerMessageType]["request"];
export type AnyResponse = PeerCalls[PeerMessageType]["response"];

export interface WireHop {
  request(type: PeerMessageType, region: RegionId, rpc: AnyRequest): AnyRequest;
  response(type: PeerMessageType, response: AnyResponse): AnyResponse;
}

/** Both ends share the objects. */
export const sharedHop: WireHop = { request: (_type, _region, rpc) => rpc, response: (_type, response) => response };

export const encodedHop: WireHop = {
  request: (type, region, rpc) => decodePeerRequest(carried(encodePeerRequest(type, region, rpc as never))).rpc,
  response: (type, response) => decodePeerResponse(type, carried(encodePeerResponse(type, response as never))),
};

function carried(fields: WireFields): WireFields {
  return messagePackCodec.decode(messagePackCodec.encode(fields, 0).slice()) as WireFields;
}
