// Bytes as objects of a bucket, on AWS or a compatible service.

import type { Readable } from "node:stream";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import {
  MemodagError,
  type ByteBody,
  type ByteCallOptions,
  type ByteCheck,
  type ByteGrant,
  type ByteStat,
  type ByteStore,
  type ListedBytes,
} from "@memodag/core";
import { inBatches, isDigest, teamOfFolder } from "@memodag/result-cache/store-parts";
import { optionsOf, type Bucket } from "./bucket.ts";
import { ObjectDeleter } from "./delete-objects.ts";
import { grantReading, grantWriting } from "./grants.ts";
import { putBody } from "./put-object.ts";
import { isMissingObject } from "./s3-failure.ts";

/**
 * Keeps bytes in `<prefix>/bytes/<team>/<name>` of a bucket. An object appears whole, by the one request that writes
 * it. Rejects with a `MemodagError` `cache_backend_failed` when the bucket cannot be used; an object is called missing
 * only if the bucket is there.
 */
export class S3ByteStore implements ByteStore {
  readonly #bucket: Bucket;
  readonly #deleter: ObjectDeleter;

  /** @param bucket closed with this store */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
    this.#deleter = new ObjectDeleter(bucket);
  }

  async read(
    team: string,
    name: string,
    { signal }: ByteCallOptions = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const { client, name: Bucket } = this.#bucket;
    const command = new GetObjectCommand({ Bucket, Key: this.#keyOf(team, name) });
    const body = await this.#bucket.call(
      "read bytes",
      async () => {
        try {
          return (await client.send(command, optionsOf(signal))).Body as Readable | undefined;
        } catch (error) {
          if (isMissingObject(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
    return body && this.#bucket.streamOf(body, signal);
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    await putBody(this.#bucket, { key: this.#keyOf(team, name), check }, body, signal);
  }

  async stat(
    team: string,
    names: readonly string[],
    { signal }: ByteCallOptions = {},
  ): Promise<Map<string, ByteStat>> {
    const found = new Map<string, ByteStat>();
    const look = async (name: string): Promise<void> => {
      const one = await this.#statOf(this.#keyOf(team, name), signal);
      if (one) found.set(name, one);
    };
    await inBatches(names, look, signal);
    // The answer for an object has no body, and is the same when the bucket is missing.
    if (found.size < new Set(names).size) await this.#bucket.require(signal);
    return found;
  }

  async delete(team: string, names: readonly string[]): Promise<void> {
    await this.#deleter.delete(names.map((name) => this.#keyOf(team, name)));
  }

  /** Objects whose names do not tell their team are left alone. */
  async *list(): AsyncGenerator<ListedBytes> {
    const Prefix = this.#bucket.prefixOf("bytes");
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#pageOf(Prefix, ContinuationToken);
      for (const { Key = "", Size, LastModified } of page.Contents ?? []) {
        const [folder = "", name = "", ...rest] = Key.slice(Prefix.length).split("/");
        const team = teamOfFolder(folder);
        if (team === undefined || !isDigest(name) || rest.length > 0) continue;
        yield { team, name, sizeBytes: Size ?? 0, ageMs: this.#ageOf(LastModified) };
      }
      ContinuationToken = page.IsTruncated ? requireToken(page, this.#bucket.name) : undefined;
    } while (ContinuationToken !== undefined);
  }

  async grant(
    team: string,
    name: string,
    use: "read" | "write",
    check?: ByteCheck,
  ): Promise<ByteGrant | undefined> {
    const key = this.#keyOf(team, name);
    return await this.#bucket.call("sign a request", async () => {
      if (use === "read") return await grantReading(this.#bucket, key);
      return check && (await grantWriting(this.#bucket, key, check));
    });
  }

  async close(): Promise<void> {
    this.#bucket.client.destroy();
  }

  async #statOf(Key: string, signal: AbortSignal | undefined): Promise<Required<ByteStat> | undefined> {
    const { client, name: Bucket } = this.#bucket;
    return await this.#bucket.call(
      "look up bytes",
      async () => {
        try {
          const { ContentLength, LastModified } = await client.send(
            new HeadObjectCommand({ Bucket, Key }),
            optionsOf(signal),
          );
          return { sizeBytes: ContentLength ?? 0, ageMs: this.#ageOf(LastModified) };
        } catch (error) {
          if (isMissingObject(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
  }

  async #pageOf(Prefix: string, token: string | undefined): Promise<ListObjectsV2CommandOutput> {
    const { client, name: Bucket } = this.#bucket;
    const command = new ListObjectsV2Command({
      Bucket,
      Prefix,
      ...(token !== undefined && { ContinuationToken: token }),
    });
    return await this.#bucket.call("list objects", () => client.send(command));
  }

  #ageOf(modified: Date | undefined): number {
    return modified ? Math.max(0, this.#bucket.time.now() - modified.getTime()) : 0;
  }

  #keyOf(team: string, name: string): string {
    return this.#bucket.keyOf("bytes", team, name);
  }
}

function requireToken(page: ListObjectsV2CommandOutput, bucket: string): string {
  const token = page.NextContinuationToken;
  if (token !== undefined) return token;
  throw new MemodagError(
    "cache_backend_failed",
    `bucket ${bucket} answered with a part of its list and no way to the rest: use a service that lists all objects`,
    { fields: { bucket } },
  );
}
