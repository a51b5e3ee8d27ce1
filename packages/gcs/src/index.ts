// Stores of memodag on Google Cloud Storage: name this package in the config, as `kind = "gcs"` of a store.

import type { ByteStore } from "@memodag/core";
import type { CacheBackendOptions } from "@memodag/result-cache";
import { GcsBucket } from "./gcs-bucket.ts";
import { GcsByteStore } from "./gcs-byte-store.ts";
import type { GcsOptions } from "./options.ts";

export { optionsSchema } from "./options.ts";
export type { GcsOptions } from "./options.ts";

/** Nothing but memodag deletes bytes, unless a rule of the bucket says otherwise. */
export const keepsValues = true;

/** The used part of the options that memodag passes to a backend. */
type OpenOptions = Pick<CacheBackendOptions<GcsOptions>, "options" | "projectDir" | "clock">;

/** Opens the bytes of a bucket; makes no request. */
export function openByteStore({ options, projectDir, clock }: OpenOptions): ByteStore {
  return new GcsByteStore(new GcsBucket(options, projectDir, clock));
}
