// Copies of artifacts on one machine. Implemented by the executor.

import type { Digest } from "../digest.ts";

/** A copy of an artifact. */
export interface ArtifactCopy {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** Keeps copies of artifacts for workers. One that is missing is made again. */
export interface ArtifactCopyStore {
  list(): Promise<ArtifactCopy[]>;
  /** Deletes a copy, if it is there. */
  remove(digest: Digest): Promise<void>;
}
