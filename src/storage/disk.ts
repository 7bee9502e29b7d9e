// The file system as a port, with just what the log, snapshots, identity and lock need. The real one is platform/node-disk.ts; tests have one
// in memory with a crash model and a decorator that injects faults. Paths are absolute, with "/". Every failure rejects with a RaftctlError:
// NO_SPACE for a full disk or quota, NOT_FOUND for an absent file, IO_ERROR for the rest, the path and the system's own code in the message.

export interface Disk {
  /** create: a new file, mode 0600, refused when the path exists (also as a symbolic link). Never follows a symbolic link. */
  open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile>;
  /** Names in the directory, sorted. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** Mode 0700; parents too; no error when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Atomic; replaces the target. Durable only after syncDirectory of both parents. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes creations, renames and removals of names in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Bytes that may still be written to the file system of this path. */
  freeBytes(path: string): Promise<number>;
}

export interface DiskFile {
  readonly path: string;
  size(): Promise<number>;
  /** Fewer bytes than asked for only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** All bytes or a rejection (a short count of the system is continued or reported, never swallowed). Not durable. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Like write, and durable when it resolves (O_DSYNC or write and fdatasync): the one call of a log append. */
  writeDurable(offset: number, bytes: Uint8Array): Promise<void>;
  /** fdatasync. A rejection means that anything written since the last success may be lost for ever: the caller stops the process. */
  sync(): Promise<void>;
  /** Extends with zeros that are really written, so that later writes inside change no metadata. */
  allocate(size: number): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
