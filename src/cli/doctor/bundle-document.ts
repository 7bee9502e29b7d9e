// The shape of a bundle, which other programs may read: one version for all of it. Facts stand in it as the nodes have told them, with numbers for
// terms and indexes; everything else is as in `--json`.

import type { Visit } from "./consultation.ts";

export const bundleFormat = "raftctl.doctor-bundle/v1";

export interface Bundle {
  readonly format: typeof bundleFormat;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly madeBy: { readonly version: string; readonly node: string; readonly platform: string };
  readonly redacted: boolean;
  readonly content: BundleContent;
}

export interface BundleContent extends Visit {
  readonly configurations: readonly Configuration[];
}

export interface Configuration {
  readonly place: string;
  /** null when it was not told. */
  readonly config: unknown;
  readonly origin: unknown;
  readonly configHash: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}
