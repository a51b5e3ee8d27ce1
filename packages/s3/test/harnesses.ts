// Opens the stores for their contracts.

import type { ByteStoreHarness, OpenByteStore, RecordLookupHarness } from "@memodag/result-cache/testing";
import type { S3Server } from "@memodag/test-servers";
import { S3ByteStore } from "../src/s3-byte-store.ts";
import { S3RecordStore } from "../src/s3-record-store.ts";
import { openBucket } from "./open-bucket.ts";

/**
 * @param options of the store, beside those that name the server
 * @param lacks what the server does not check
 */
export function byteStoreHarness(
  server: () => S3Server,
  options: Readonly<Record<string, string>> = {},
  lacks: Pick<OpenByteStore, "grantsCheck"> = {},
): ByteStoreHarness {
  return {
    async open() {
      const store = new S3ByteStore(openBucket(server(), options));
      return { store, close: () => store.close(), ...lacks };
    },
  };
}

export function recordLookupHarness(server: () => S3Server): RecordLookupHarness {
  return {
    async open() {
      const bucket = openBucket(server());
      let passedMs = 0;
      return {
        store: new S3RecordStore(bucket, { now: () => bucket.time.now() + passedMs }),
        passTime: async (ms) => {
          passedMs += ms;
        },
        close: async () => bucket.client.destroy(),
      };
    },
  };
}
