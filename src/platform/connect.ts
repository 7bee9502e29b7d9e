// Dialling: from an address to a connected FramedSocket, and through the handshake to a welcome. Either settles within the timeout with a
// connection or with UNREACHABLE, TIMEOUT, or what the other side refused with. It never tries twice; who wants that is peer-link.ts.

import { connect as connectPlain, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { ClusterId } from "../base/ids.ts";
import { messagePackCodec } from "../wire/codec.ts";
import { checkWelcome, decodeWelcome, encodeHello, type Hello, type Welcome } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import { FramedSocket } from "./framed-socket.ts";

export type ConnectTarget = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ConnectOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Allowed for frames after the handshake. */
  readonly payloadBytesMax: number;
  readonly sendQueueBytesMax: number;
  /** For errors; the address when it is missing. */
  readonly name?: string;
  readonly tls?: ConnectionOptions;
  readonly signal?: AbortSignal;
}

/** "host:port" or "[v6]:port"; throws INVALID_ARGUMENT. */
export function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]]+)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new RaftctlError("INVALID_ARGUMENT", `not an address: ${JSON.stringify(address)} (want host:port or [v6]:port)`);
  }
  return { host: (match[1] ?? match[2])!, port };
}

export function describeTarget(target: ConnectTarget): string {
  if ("path" in target) return target.path;
  return target.host.includes(":") ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** A connected socket without a handshake; frames are bounded as before one. */
export async function connectFramed(target: ConnectTarget, options: ConnectOptions): Promise<FramedSocket> {
  const where = describeTarget(target);
  // Loading TLS takes longer than a whole call without it.
  const connectTls = options.tls === undefined ? undefined : (await import("node:tls")).connect;
  return new Promise((resolve, reject) => {
    const socket = connectTls === undefined ? connectPlain({ ...target }) : connectTls({ ...target, ...options.tls });
    const settle = (error: RaftctlError | undefined): void => {
      timer.cancel();
      options.signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      if (error === undefined) return resolve(frame(socket, where, options));
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException): void =>
      settle(new RaftctlError("UNREACHABLE", `cannot connect to ${where}: ${reasonOf(error)}`, { cause: error, details: { sent: false } }));
    const onAbort = (): void => settle(new RaftctlError("STOPPED", `connecting to ${where} was given up`, { details: { sent: false } }));
    const timer = options.clock.at(options.clock.now() + options.timeoutMs, () =>
      settle(new RaftctlError("UNREACHABLE", `cannot connect to ${where}: no answer within ${Math.round(options.timeoutMs)} ms`, { details: { sent: false } })));
    socket.once(options.tls === undefined ? "connect" : "secureConnect", () => settle(undefined));
    socket.once("error", onError);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
  });
}

export interface Dialled {
  readonly socket: FramedSocket;
  readonly welcome: Welcome;
}

/**
 * Connects and shakes hands.
 * @param expectedCluster who answers from another cluster is refused with CLUSTER_MISMATCH.
 */
export async function dial(target: ConnectTarget, hello: Hello, expectedCluster: ClusterId | undefined, options: ConnectOptions): Promise<Dialled> {
  const deadline = options.clock.now() + options.timeoutMs;
  const socket = await connectFramed(target, options);
  try {
    const welcome = await shakeHands(socket, hello, { ...options, timeoutMs: Math.max(1, deadline - options.clock.now()) });
    const clusterIncarnation = expectedCluster === undefined ? undefined : hello.clusterIncarnation;
    checkWelcome(welcome, { clusterId: expectedCluster, clusterIncarnation, nodeId: hello.expectNodeId });
    socket.payloadBytesMax = options.payloadBytesMax;
    return { socket, welcome };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function shakeHands(socket: FramedSocket, hello: Hello, options: ConnectOptions): Promise<Welcome> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      timer.cancel();
      options.signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: RaftctlError): void => {
      done();
      reject(error);
    };
    const onAbort = (): void => fail(new RaftctlError("STOPPED", `connecting to ${socket.name} was given up`, { details: { sent: false } }));
    const timer = options.clock.at(options.clock.now() + options.timeoutMs, () =>
      fail(new RaftctlError("UNREACHABLE", `${socket.name} accepted but did not answer the handshake in time`, { details: { sent: false } })));
    const onWelcome = (payload: Uint8Array): void => {
      socket.pauseDelivery();
      done();
      try {
        resolve(decodeWelcome(messagePackCodec.decode(payload)));
      } catch (error) {
        reject(toRaftctlError(error));
      }
    };
    const onClose = (error: RaftctlError | undefined): void =>
      fail(error?.code === "INCOMPATIBLE" ? error : new RaftctlError("UNREACHABLE", error?.message ?? `${socket.name} closed the connection before the handshake was done`, { details: { sent: false } }));
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.receive(onWelcome, onClose);
    socket.sendFields(encodeHello(hello));
  });
}

function frame(socket: Socket, where: string, options: ConnectOptions): FramedSocket {
  return new FramedSocket(socket, {
    clock: options.clock,
    name: options.name ?? where,
    payloadBytesMax: limits.handshakeFrameBytesMax,
    sendQueueBytesMax: options.sendQueueBytesMax,
  });
}

/** A refused dual-stack name ("localhost") gives an AggregateError without a message of its own. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message === "" ? (error.code ?? error.name) : error.message;
}
