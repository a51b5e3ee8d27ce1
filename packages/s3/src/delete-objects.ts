// Deletes objects: many with one request, or one by one where a service knows no other way.

import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
} from "@aws-sdk/client-s3";
import { MemodagError } from "@memodag/core";
import { inBatches } from "@memodag/result-cache/store-parts";
import type { Bucket } from "./bucket.ts";
import { statusOf } from "./s3-failure.ts";

/** Objects of one request, by the protocol. */
const BATCH = 1_000;

/** Statuses of services that do not know the request, such as Google's; not of one that fails or refuses. */
const UNKNOWN_REQUEST: ReadonlySet<number | undefined> = new Set([400, 404, 405, 411, 501]);

/** Deletes objects of a bucket. */
export class ObjectDeleter {
  readonly #bucket: Bucket;
  #isBatched = true;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += BATCH) {
      const batch = keys.slice(from, from + BATCH);
      if (batch.length === 1 || !this.#isBatched || !(await this.#tryBatch(batch)))
        await this.#deleteEach(batch);
    }
  }

  async #tryBatch(keys: readonly string[]): Promise<boolean> {
    const { client, name } = this.#bucket;
    const Objects = keys.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: name, Delete: { Objects, Quiet: true } });
    const answer = await this.#bucket.call("delete objects", async () => {
      try {
        return await client.send(command);
      } catch (error) {
        if (UNKNOWN_REQUEST.has(statusOf(error))) return undefined;
        throw error;
      }
    });
    if (answer) requireDeleted(answer, name);
    else this.#isBatched = false;
    return answer !== undefined;
  }

  async #deleteEach(keys: readonly string[]): Promise<void> {
    const { client, name } = this.#bucket;
    await this.#bucket.call("delete objects", () =>
      inBatches(keys, (Key) => client.send(new DeleteObjectCommand({ Bucket: name, Key }))),
    );
  }
}

function requireDeleted({ Errors = [] }: DeleteObjectsCommandOutput, bucket: string): void {
  const failed = Errors.filter(({ Code }) => Code !== "NoSuchKey");
  if (failed.length === 0) return;
  const codes = [...new Set(failed.map(({ Code }) => Code ?? "unknown"))];
  throw new MemodagError(
    "cache_backend_failed",
    `bucket ${bucket} did not delete ${failed.length} objects (${codes.join(", ")}): grant the credentials s3:DeleteObject`,
    { fields: { bucket, codes } },
  );
}
