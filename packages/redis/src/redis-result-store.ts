// Results on Redis or Valkey: small ones, which may be forgotten.

import type { Digest } from "@memodag/core";
import type { ResultBytes, ResultStore, StoreCallOptions } from "@memodag/result-cache";
import { requireDigest, teamFolderName } from "@memodag/result-cache/store-parts";
import { BUFFERS, type RedisConnection } from "./connection.ts";

/** Milliseconds for which results stay that are neither written nor read again: 30 days. */
const KEEP_MS = 30 * 86_400_000;

/**
 * Keeps bytes under `<prefix>:results:<team>:<digest>` until they have not been used for 30 days. Runs must not refer
 * to them: the server may evict them.
 */
export class RedisResultStore implements ResultStore {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async read(
    team: string,
    digests: readonly Digest[],
    { signal }: StoreCallOptions = {},
  ): Promise<Map<Digest, Uint8Array>> {
    const found = new Map<Digest, Uint8Array>();
    const options = { typeMapping: BUFFERS, ...(signal && { abortSignal: signal }) };
    const readInto = async (digest: Digest): Promise<void> => {
      const args = ["GETEX", this.#nameOf(team, digest), "PX", String(KEEP_MS)];
      const bytes = await this.#connection.client.sendCommand<Buffer | null>(args, options);
      if (bytes !== null) found.set(digest, bytes);
    };
    await this.#connection.call("read results", () => Promise.all(digests.map(readInto)), signal);
    return found;
  }

  async write(
    team: string,
    results: readonly ResultBytes[],
    { signal }: StoreCallOptions = {},
  ): Promise<void> {
    const options = signal ? { abortSignal: signal } : {};
    const writeOne = async ({ digest, bytes }: ResultBytes): Promise<void> => {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const args = ["SET", this.#nameOf(team, digest), body, "PX", String(KEEP_MS)];
      await this.#connection.client.sendCommand(args, options);
    };
    await this.#connection.call("store results", () => Promise.all(results.map(writeOne)), signal);
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return;
    const names = digests.map((digest) => this.#nameOf(team, digest));
    await this.#connection.call("delete results", () => this.#connection.client.unlink(names));
  }

  #nameOf(team: string, digest: Digest): string {
    return `${this.#prefix}:results:${teamFolderName(team)}:${requireDigest(digest)}`;
  }
}
