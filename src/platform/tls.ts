// Certificates and keys as options for Node's TLS. Peers prove themselves to each other (both sides present a certificate that the cluster's
// authority signed) and speak TLS 1.3 at least. No plaintext is ever accepted on a listener that has TLS.

import type { ConnectionOptions, TlsOptions } from "node:tls";

/** PEM, one or more blocks each. */
export interface TlsMaterial {
  readonly key: string | Uint8Array;
  readonly certificate: string | Uint8Array;
  /** Who signs the other side's certificate; undefined: the system's authorities, and no client certificate is asked for. */
  readonly authority: string | Uint8Array | undefined;
}

const handshakeTimeoutMs = 5_000;

export function tlsServerOptions(material: TlsMaterial): TlsOptions {
  const isMutual = material.authority !== undefined;
  return {
    key: asBuffer(material.key),
    cert: asBuffer(material.certificate),
    ...(material.authority === undefined ? {} : { ca: asBuffer(material.authority) }),
    requestCert: isMutual,
    rejectUnauthorized: isMutual,
    minVersion: "TLSv1.3",
    handshakeTimeout: handshakeTimeoutMs,
  };
}

export function tlsClientOptions(material: Partial<TlsMaterial>): ConnectionOptions {
  return {
    ...(material.key === undefined ? {} : { key: asBuffer(material.key) }),
    ...(material.certificate === undefined ? {} : { cert: asBuffer(material.certificate) }),
    ...(material.authority === undefined ? {} : { ca: asBuffer(material.authority) }),
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  };
}

function asBuffer(pem: string | Uint8Array): string | Buffer {
  return typeof pem === "string" ? pem : Buffer.from(pem);
}
