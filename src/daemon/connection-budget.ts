// Clients may not take the descriptors that the log, the state, snapshots and peers need: at its limit a process can open neither a socket nor a segment
// file, and Node drops new connections without a word (H47, T8).

/** For segments, snapshots, the state, the admin socket, peers, and what the runtime has open itself. */
const reserved = 112;
const connectionsMin = 8;

/**
 * @param openFiles the process's limit; undefined when it is not known
 * @param http connections that clients over HTTP may have besides
 */
export function clientConnectionsMax(configured: number, openFiles: number | undefined, http = 0): number {
  if (openFiles === undefined) return configured;
  return Math.min(configured, Math.max(connectionsMin, openFiles - reserved - http));
}

/** Of what clients may have, a third at most. */
export function httpConnectionsMax(configured: number, openFiles: number | undefined): number {
  if (openFiles === undefined) return configured;
  return Math.min(configured, Math.max(connectionsMin, Math.floor((openFiles - reserved) / 3)));
}
