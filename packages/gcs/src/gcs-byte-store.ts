// Bytes as objects of a bucket on Google Cloud Storage.

import type { IncomingMessage } from "node:http";
import type { GetFilesOptions } from "@google-cloud/storage";
import type {
  ByteBody,
  ByteCallOptions,
  ByteCheck,
  ByteGrant,
  ByteStat,
  ByteStore,
  ListedBytes,
} from "@memodag/core";
import { inBatches, isDigest, teamOfFolder } from "@memodag/result-cache/store-parts";
import type { GcsBucket } from "./gcs-bucket.ts";
import { isMissing } from "./gcs-failure.ts";
import { metadataOf, upload } from "./upload.ts";

/** How long a grant is good for; the service would keep an upload open for a week. */
const VALID_FOR_MS = 900_000;

/** The used fields of the answer for an object. */
interface ObjectFacts {
  readonly size?: string | number | undefined;
  readonly updated?: string | undefined;
}

/**
 * Keeps bytes in `<prefix>/bytes/<team>/<name>` of a bucket. An object appears whole, by the one request that writes
 * it. Rejects with a `MemodagError` `cache_backend_failed` when the bucket cannot be used; an object is called missing
 * only if the bucket is there.
 */
export class GcsByteStore implements ByteStore {
  readonly #bucket: GcsBucket;
  #canSign = true;

  /** @param bucket closed with this store */
  constructor(bucket: GcsBucket) {
    this.#bucket = bucket;
  }

  async read(
    team: string,
    name: string,
    { signal }: ByteCallOptions = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    const { bucket } = this.#bucket;
    const key = encodeURIComponent(this.#bucket.keyOf(team, name));
    const path = `/storage/v1/b/${bucket.name}/o/${key}?alt=media`;
    const get = (): Promise<IncomingMessage> =>
      this.#bucket.send({ method: "GET", path, ...(signal && { signal }) });
    const body = await this.#bucket.call("read bytes", () => orMissing(get()), signal);
    if (body) return this.#bucket.streamOf(body, signal);
    await this.#bucket.require(signal);
    return undefined;
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    await upload(this.#bucket, { key: this.#bucket.keyOf(team, name), check }, body, signal);
  }

  async stat(
    team: string,
    names: readonly string[],
    { signal }: ByteCallOptions = {},
  ): Promise<Map<string, ByteStat>> {
    const found = new Map<string, ByteStat>();
    const look = async (name: string): Promise<void> => {
      const file = this.#bucket.bucket.file(this.#bucket.keyOf(team, name));
      const answer = await this.#bucket.call("look up bytes", () => orMissing(file.getMetadata()), signal);
      if (answer) found.set(name, this.#statOf(answer[0]));
    };
    await inBatches(names, look, signal);
    if (found.size < new Set(names).size) await this.#bucket.require(signal);
    return found;
  }

  async delete(team: string, names: readonly string[]): Promise<void> {
    const remove = async (name: string): Promise<void> => {
      const file = this.#bucket.bucket.file(this.#bucket.keyOf(team, name));
      await this.#bucket.call("delete objects", () => orMissing(file.delete()));
    };
    await inBatches(names, remove);
  }

  /** Objects whose names do not tell their team are left alone. */
  async *list(): AsyncGenerator<ListedBytes> {
    const { prefix, bucket } = this.#bucket;
    let query: GetFilesOptions | null = { prefix, autoPaginate: false };
    while (query !== null) {
      const page: GetFilesOptions = query;
      const [files, next] = await this.#bucket.call("list objects", () => bucket.getFiles(page));
      for (const { name: key, metadata } of files) {
        const [folder = "", name = "", ...rest] = key.slice(prefix.length).split("/");
        const team = teamOfFolder(folder);
        if (team === undefined || !isDigest(name) || rest.length > 0) continue;
        yield { team, name, ...this.#statOf(metadata) };
      }
      query = next as GetFilesOptions | null;
    }
  }

  async grant(
    team: string,
    name: string,
    use: "read" | "write",
    check?: ByteCheck,
  ): Promise<ByteGrant | undefined> {
    const key = this.#bucket.keyOf(team, name);
    if (use === "read") return await this.#grantReading(key);
    return check && (await this.#grantWriting(key, check));
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }

  /** A signed URL; undefined where the credentials cannot sign, which stays so. */
  async #grantReading(key: string): Promise<ByteGrant | undefined> {
    if (!this.#canSign) return undefined;
    try {
      const accessibleAt = this.#bucket.time.now();
      const [url] = await this.#bucket.bucket.file(key).getSignedUrl({
        version: "v4",
        action: "read",
        accessibleAt,
        expires: accessibleAt + VALID_FOR_MS,
      });
      return { kind: "http", method: "GET", url, headers: {}, validForMs: VALID_FOR_MS };
    } catch {
      this.#canSign = false;
      return undefined;
    }
  }

  /** An upload that this process has begun: its address is the permission to complete it. */
  async #grantWriting(key: string, check: ByteCheck): Promise<ByteGrant> {
    const file = this.#bucket.bucket.file(key);
    const contentLength = check.sizeBytes;
    const metadata = { ...metadataOf(check), ...(contentLength > 0 && { contentLength }) };
    const [url] = await this.#bucket.call("begin an upload", () => file.createResumableUpload({ metadata }));
    const headers = {
      "content-type": "application/octet-stream",
      "content-length": String(check.sizeBytes),
    };
    return { kind: "http", method: "PUT", url, headers, validForMs: VALID_FOR_MS };
  }

  #statOf({ size, updated }: ObjectFacts): Required<ByteStat> {
    const at = updated === undefined ? this.#bucket.time.now() : Date.parse(updated);
    return { sizeBytes: Number(size ?? 0), ageMs: Math.max(0, this.#bucket.time.now() - at) };
  }
}

async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
