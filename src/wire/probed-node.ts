// What stands at an address that a discovery source names, as whoever knocked there has found it.

export interface ProbedNode {
  readonly address: string;
  /** As the source says; null: it does not. */
  readonly regions: readonly string[] | null;
  readonly reachable: boolean;
  readonly nodeId: string | null;
  readonly name: string | null;
  /** null: it does not answer, or belongs to no cluster yet. */
  readonly clusterId: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}
