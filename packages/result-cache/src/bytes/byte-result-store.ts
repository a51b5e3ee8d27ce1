// Serves results, which are many and small, from a store of bytes of any size.

import {
  digestOfBytes,
  type ByteStat,
  type ByteStore,
  type Digest,
  type ListedBytes,
  type OpenValue,
  type OpenValueOptions,
} from "@memodag/core";
import type { StoreCallOptions } from "../record-store.ts";
import type { ResultBytes, ResultStore } from "../result-store.ts";
import type { Amount, ResultRetention, StoredResult } from "../retention-ports.ts";
import { collectBytes } from "./checked-body.ts";
import { inBatches } from "../in-batches.ts";

/** A result store over a {@link ByteStore}: results are named by their digest. */
export class ByteResultStore implements ResultStore {
  readonly #bytes: ByteStore;

  constructor(bytes: ByteStore) {
    this.#bytes = bytes;
  }

  async read(
    team: string,
    digests: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, Uint8Array>> {
    const found = new Map<Digest, Uint8Array>();
    const readInto = async (digest: Digest): Promise<void> => {
      const stream = await this.#bytes.read(team, digest, options);
      if (stream) found.set(digest, await collectBytes(stream));
    };
    await inBatches(digests, readInto, options.signal);
    return found;
  }

  async open(team: string, digest: Digest, { mayGrant }: OpenValueOptions): Promise<OpenValue | undefined> {
    const grant = mayGrant ? await this.#bytes.grant?.(team, digest, "read") : undefined;
    // A file is none of another machine's, and an address has no headers.
    if (grant?.kind === "http" && Object.keys(grant.headers).length === 0)
      return { kind: "url", url: grant.url };
    const stream = await this.#bytes.read(team, digest);
    return stream && { kind: "stream", stream };
  }

  async write(team: string, results: readonly ResultBytes[], options: StoreCallOptions = {}): Promise<void> {
    // A result store does not compare bytes with their digest: readers do.
    const writeOne = async ({ digest, bytes }: ResultBytes): Promise<void> => {
      const check = { sizeBytes: bytes.length, sha256: await digestOfBytes(bytes) };
      await this.#bytes.write(team, digest, bytes, check, options);
    };
    await inBatches(results, writeOne, options.signal);
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    await this.#bytes.delete(team, digests);
  }

  /** Without a listing nothing can be collected. */
  async retention(): Promise<ResultRetention | undefined> {
    const { list } = this.#bytes;
    if (!list) return undefined;
    const everything = (): AsyncIterable<ListedBytes> => list.call(this.#bytes);
    return {
      scan: (limit) => pagesOf(everything(), limit),
      sizesOf: async (team, digests) => {
        const found = await this.#bytes.stat(team, digests);
        return new Map(Array.from(found, ([digest, { sizeBytes }]) => [digest, sizeBytes]));
      },
      deleteUnnamed: (team, digests, olderThanMs) => this.#deleteOld(team, digests, olderThanMs),
    };
  }

  async #deleteOld(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    const found = await this.#bytes.stat(team, digests);
    // Bytes that were written again since they were listed are about to be named.
    const old = Array.from(found).filter(([, { ageMs }]) => ageMs === undefined || ageMs >= olderThanMs);
    await this.#bytes.delete(
      team,
      old.map(([digest]) => digest),
    );
    return { count: old.length, sizeBytes: sumOf(old) };
  }
}

function sumOf(found: readonly (readonly [Digest, ByteStat])[]): number {
  return found.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
}

async function* pagesOf(
  listing: AsyncIterable<ListedBytes>,
  limit: number,
): AsyncGenerator<readonly StoredResult[]> {
  let page: StoredResult[] = [];
  for await (const { team, name, sizeBytes, ageMs } of listing) {
    page.push({ team, digest: name, sizeBytes, ageMs, isShown: false });
    if (page.length < limit) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
