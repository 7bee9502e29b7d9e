// What is measured: three nodes of one store on this machine, and connections to them. Both stores are asked by clients that do no more than they must.

export type Consistency = "linearizable" | "stale";

export interface Connections {
  /** @param lane which of the operations in flight this is, to spread them over the connections. */
  put(lane: number, key: Uint8Array, value: Uint8Array): Promise<void>;
  /** Rejects unless the value of the key comes back. */
  get(lane: number, key: Uint8Array, consistency: Consistency): Promise<void>;
  close(): void;
}

export interface BenchNode {
  readonly name: string;
  /** User and system time since its process started. */
  cpuSeconds(): Promise<number>;
  residentBytes(): Promise<number>;
  /** Of its data directory, as the file system counts. */
  dataBytes(): Promise<number>;
  /** Its process is gone when this resolves. */
  kill9(): Promise<void>;
  /** Its process has started; it need not serve yet. */
  start(): Promise<void>;
}

export interface Target {
  readonly name: StoreName;
  readonly version: string;
  readonly nodes: readonly BenchNode[];
  leader(): Promise<BenchNode>;
  /** To these nodes in turn. */
  connect(count: number, nodes: readonly BenchNode[]): Promise<Connections>;
  /** Of the whole state, by the store's own command line. @param file that is not there yet */
  backUp(file: string): Promise<void>;
  /** Every process is gone and every file removed. */
  stop(): Promise<void>;
}

export type StoreName = "raftctl" | "etcd";
