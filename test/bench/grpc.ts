// As much of gRPC as two unary calls need: one length-prefixed message out, one back, the status in the trailers. Protocol buffers are written by
// hand, so that the client costs little.

import type { ClientHttp2Session } from "node:http2";

/** A field of wire type 2. */
export function bytesField(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
}

/** A field of wire type 0 that holds true. */
export function trueField(number: number): Buffer {
  return Buffer.from([number << 3, 1]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The response message. Rejects when the status is not 0. */
export function call(session: ClientHttp2Session, path: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
    const chunks: Buffer[] = [];
    let status = "";
    stream.on("data", (chunk: Buffer) => { chunks.push(chunk); });
    stream.on("trailers", (trailers) => { status = String(trailers["grpc-status"]); });
    stream.on("end", () => { if (status === "0") resolve(Buffer.concat(chunks).subarray(5)); else reject(new Error(`${path}: grpc status ${status}`)); });
    stream.on("error", reject);
    const frame = Buffer.allocUnsafe(5 + message.length);
    frame.writeUInt8(0, 0);
    frame.writeUInt32BE(message.length, 1);
    message.copy(frame, 5);
    stream.end(frame);
  });
}
