import { MessagePortTransport, type Switchboard } from "./message-port-transport.ts";
import { describeTransport } from "./transport-conformance.ts";

const switchboard: Switchboard = new Map();
describeTransport("the documented custom transport (S13, S124)", ({ identity, directory }) => new MessagePortTransport(switchboard, identity, directory));
