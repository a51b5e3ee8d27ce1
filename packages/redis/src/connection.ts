// One connection to a server: it reconnects by itself, and a call without one fails at once.

import { MemodagError, messageOf } from "@memodag/core";
import { createClient, RESP_TYPES } from "@redis/client";
import { NO_CONNECTION, redisFailure } from "./redis-failure.ts";
import type { Script } from "./script.ts";

/** How to reach a server. */
export interface RedisAddress {
  /** Such as `redis://localhost:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /** Used where the URL has none. */
  readonly password?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_MS = 2_000;

/** A connection on which nothing arrives for so long, answers to pings included, is made anew. */
const SILENT_MS = 15_000;
const PING_MS = 5_000;

/** The client that is behind a connection. */
export type RedisClient = ReturnType<typeof makeClient>;

/** An argument of a command. */
export type RedisArgument = string | Buffer;

/** A connection. Close it once. */
export class RedisConnection {
  /** The server, without a user or a password. */
  readonly place: string;
  readonly #client: RedisClient;
  #fault = "it was not connected yet";

  /** @throws MemodagError `usage` for what is not a URL of Redis */
  constructor(address: RedisAddress) {
    this.#client = makeClient(address);
    this.place = new URL(address.url).host;
    this.#client.on("error", (error: unknown) => (this.#fault = messageOf(error)));
  }

  /** Resolves when it is connected, or the first attempt has failed; it goes on trying until it is closed. */
  async connect(): Promise<void> {
    const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
    this.#client.once("error", () => fail());
    await Promise.race([
      this.#client.connect().then(
        () => undefined,
        () => undefined,
      ),
      failed,
    ]);
  }

  /** The client. @throws Error at once when there is no connection: a caller is not to wait for one */
  get client(): RedisClient {
    if (this.#client.isReady) return this.#client;
    throw new Error(`${NO_CONNECTION}${this.#fault}`);
  }

  /** A second client of the same server, not connected yet. */
  duplicate(): RedisClient {
    return this.#client.duplicate();
  }

  /** Runs a script on the keys that begin with `base`. Strings come back as bytes. */
  async run(
    { sha1, source }: Script,
    base: string,
    args: readonly RedisArgument[],
    signal?: AbortSignal,
  ): Promise<unknown> {
    const { client } = this;
    const rest = ["1", base, ...args];
    const options = { typeMapping: BUFFERS, ...(signal && { abortSignal: signal }) };
    try {
      return await client.sendCommand(["EVALSHA", sha1, ...rest], options);
    } catch (error) {
      // Redis keeps scripts until it restarts.
      if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
      return await client.sendCommand(["EVAL", source, ...rest], options);
    }
  }

  /**
   * Returns the result of `work`.
   * @param use what it does, for the message
   * @throws MemodagError `cache_backend_failed`; the reason of an aborted signal
   */
  async call<T>(use: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    // A command that was sent cannot be taken back, and is not waited for any longer.
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await (signal ? Promise.race([work(), aborted]) : work());
    } catch (error) {
      signal?.throwIfAborted();
      throw redisFailure(error, this.place, use);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  close(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }
}

/** Answers with bytes in place of text. */
export const BUFFERS = { [RESP_TYPES.BLOB_STRING]: Buffer };

function makeClient({ url, password }: RedisAddress) {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new MemodagError("usage", "the URL of Redis is none: use one such as redis://localhost:6379");
  }
  return createClient({
    url,
    ...(password !== undefined && new URL(url).password === "" && { password }),
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_RECONNECT_MS),
    },
  });
}
