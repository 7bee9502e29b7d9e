// What init and join record in the data directory, so that `daemon run --data-dir D` needs no other flag afterwards. The lowest layer above the
// defaults: whatever a later flag, variable or file says wins.

export interface IdentitySettings {
  readonly listenPeer: string;
  readonly listenClient: string;
  readonly advertisePeer?: string;
  readonly advertiseClient?: string;
  readonly listenHttp?: string;
  readonly advertiseHttp?: string;
  readonly peerTransport?: "tcp" | "http";
  readonly masterEligible?: boolean;
  readonly insecure?: boolean;
}

const keyOf: Readonly<Record<keyof IdentitySettings, string>> = {
  listenPeer: "listen.peer",
  listenClient: "listen.client",
  advertisePeer: "advertise.peer",
  advertiseClient: "advertise.client",
  listenHttp: "listen.http",
  advertiseHttp: "advertise.http",
  peerTransport: "peer.transport",
  masterEligible: "masterEligible",
  insecure: "insecure",
};

/** By the configuration's key. */
export function identityLayerValues(settings: IdentitySettings): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [field, key] of Object.entries(keyOf)) {
    const value = settings[field as keyof IdentitySettings];
    if (value !== undefined) values.set(key, value);
  }
  return values;
}
