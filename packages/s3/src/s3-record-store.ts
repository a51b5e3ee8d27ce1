// Records as objects of a bucket, found by their key.

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { sha256, type Clock, type Digest } from "@memodag/core";
import type {
  CacheRecord,
  NewCacheRecord,
  PutMode,
  PutOutcome,
  RecordLookup,
  StoreCallOptions,
} from "@memodag/result-cache";
import {
  decidePut,
  decodeRecordFile,
  encodeRecordFile,
  inBatches,
  type FiledRecord,
} from "@memodag/result-cache/store-parts";
import { optionsOf, type Bucket } from "./bucket.ts";
import { putBody } from "./put-object.ts";
import { isMissingObject } from "./s3-failure.ts";

/**
 * Keeps each record in `<prefix>/records/<team>/<key>.json`. Of two that are put at once the last stays, which is as
 * right as the other: a record is sealed, and its result is verified by who reads it. Keeps no catalog and no count
 * of hits; a lifecycle rule of the bucket removes what is old.
 */
export class S3RecordStore implements RecordLookup {
  readonly #bucket: Bucket;
  readonly #time: Pick<Clock, "now">;

  /** @param time the store's, by which records age */
  constructor(bucket: Bucket, time: Pick<Clock, "now"> = bucket.time) {
    this.#bucket = bucket;
    this.#time = time;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    { signal }: StoreCallOptions = {},
  ): Promise<Map<Digest, CacheRecord>> {
    const found = new Map<Digest, CacheRecord>();
    const readInto = async (key: Digest): Promise<void> => {
      const record = await this.#read(team, key, signal);
      if (record) found.set(key, { ...record, ageMs: Math.max(0, this.#time.now() - record.createdAt) });
    };
    await inBatches(keys, readInto, signal);
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    const present = await this.#read(record.team, record.key);
    const { outcome, write } = decidePut(present, record, mode, this.#time.now());
    if (write) {
      const bytes = encodeRecordFile(write);
      const check = { sizeBytes: bytes.length, sha256: sha256(bytes) };
      await putBody(this.#bucket, { key: this.#keyOf(record.team, record.key), check }, bytes, undefined);
    }
    return outcome;
  }

  async touch(): Promise<void> {}

  /** An object that holds no record of this team and key, such as one that was copied from elsewhere, is ignored. */
  async #read(team: string, key: Digest, signal?: AbortSignal): Promise<FiledRecord | undefined> {
    const { client, name: Bucket } = this.#bucket;
    const command = new GetObjectCommand({ Bucket, Key: this.#keyOf(team, key) });
    return await this.#bucket.call(
      "read a record",
      async () => {
        try {
          const { Body } = await client.send(command, optionsOf(signal));
          const record = Body && decodeRecordFile(await Body.transformToByteArray());
          return record?.key === key && record.team === team ? record : undefined;
        } catch (error) {
          if (isMissingObject(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
  }

  #keyOf(team: string, key: Digest): string {
    return this.#bucket.keyOf("records", team, key, ".json");
  }
}
