import { HttpTransport } from "../../src/platform/http-transport.ts";
import { describeTransport } from "./transport-conformance.ts";

describeTransport("HTTP", ({ identity, directory }) => new HttpTransport({ identity, directory, address: { host: "127.0.0.1", port: 0 } }));
