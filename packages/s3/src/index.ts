// Stores of memodag on S3: name this package in the config, as `kind = "s3"` of a store or as a backend.

import type { ByteStore } from "@memodag/core";
import type { CacheBackend, CacheBackendOptions } from "@memodag/result-cache";
import { Bucket } from "./bucket.ts";
import type { S3Options } from "./options.ts";
import { S3ByteStore } from "./s3-byte-store.ts";
import { S3RecordStore } from "./s3-record-store.ts";

export { optionsSchema } from "./options.ts";
export type { S3Options } from "./options.ts";

/** Nothing but memodag deletes bytes, unless a rule of the bucket says otherwise. */
export const keepsValues = true;

/** Records of a scope are below its own prefix. */
export const keepsScopes = true;

/** The used part of the options that memodag passes to a backend. */
type OpenOptions = Pick<CacheBackendOptions<S3Options>, "options" | "projectDir" | "clock" | "scope">;

/** Opens the bytes of a bucket; makes no request. */
export function openByteStore({ options, projectDir, clock }: OpenOptions): ByteStore {
  return new S3ByteStore(new Bucket(options, projectDir, clock));
}

/** Opens the records of a bucket, without a catalog; makes no request. */
export function openCacheBackend({ options, projectDir, clock, scope }: OpenOptions): CacheBackend {
  const prefix =
    scope === undefined ? options.prefix : [options.prefix ?? [], "scopes", scope].flat().join("/");
  const bucket = new Bucket({ ...options, prefix }, projectDir, clock);
  return { records: new S3RecordStore(bucket), close: async () => bucket.client.destroy() };
}
