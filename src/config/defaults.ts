// What holds when neither a flag nor the environment, a context, a file or the data directory says otherwise. Written as a configuration file
// would say it, so that the same schema reads it.

export const defaultSettings: Readonly<Record<string, string | number | boolean>> = {
  "listen.peer": "127.0.0.1:7401",
  "listen.client": "127.0.0.1:7400",
  insecure: false,
  masterEligible: true,
  "raft.electionTimeout": "1s",
  "raft.heartbeatInterval": "100ms",
  "raft.appendBytesMax": "256KiB",
  "raft.appendsInFlightMax": 8,
  "raft.uncommittedBytesMax": "64MiB",
  "network.connectTimeout": "500ms",
  "network.handshakeTimeout": "5s",
  "network.clientConnectionsMax": 4096,
  "network.requestsInFlightMax": 1024,
  "wal.segmentBytes": "64MiB",
  "wal.fsync": "always",
  "compaction.logBytes": "64MiB",
  "compaction.trailingEntries": 10_000,
  "compaction.trailingBytes": "16MiB",
  "discovery.join": "auto",
  "discovery.interval": "1s",
  "membership.minVoters": 3,
  "log.level": "info",
};
