// One bucket below its prefix: the client, the names of objects, and requests with bodies.

import { once } from "node:events";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent, request as requestHttps } from "node:https";
import { resolve } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { IdempotencyStrategy, Storage, type Bucket as StorageBucket } from "@google-cloud/storage";
import type { Clock } from "@memodag/core";
import { requireDigest, ServerTime, streamOfBody, teamFolderName } from "@memodag/result-cache/store-parts";
import { bucketFailure, RefusedRequest, type BucketPlace } from "./gcs-failure.ts";
import type { GcsOptions } from "./options.ts";

/** Milliseconds without any data after which a connection is given up. */
const IDLE_MS = 60_000;

/** A request with a body that may be large, or whose answer may be. */
export interface LargeRequest {
  readonly method: "GET" | "POST";
  /** Below the endpoint, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** A bucket, and what a store in it needs. Use {@link GcsBucket.call} for every request. */
export class GcsBucket {
  readonly bucket: StorageBucket;
  readonly time: ServerTime;
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #place: BucketPlace;
  readonly #isAnonymous: boolean;
  readonly #agent = new Agent({ keepAlive: true });

  /** @param projectDir where a relative `credentials_file` starts */
  constructor(options: GcsOptions, projectDir: string, clock: Pick<Clock, "now">) {
    const { bucket, prefix, endpoint, credentials_file: file } = options;
    this.#prefix = prefix === undefined ? "" : `${prefix}/`;
    this.#place = { bucket, endpoint };
    this.time = new ServerTime(clock);
    // Emulators take no credentials; looking for some would take seconds outside of Google's machines.
    this.#isAnonymous = endpoint !== undefined && file === undefined;
    this.#storage = new Storage({
      ...(endpoint !== undefined && { apiEndpoint: endpoint, useAuthWithCustomEndpoint: file !== undefined }),
      ...(this.#isAnonymous && { projectId: "none" }),
      ...(file !== undefined && { keyFilename: resolve(projectDir, file) }),
      // The bytes under a name are always the same, so that every request can be repeated.
      retryOptions: { idempotencyStrategy: IdempotencyStrategy.RetryAlways, maxRetries: 4, totalTimeout: 60 },
    });
    this.bucket = this.#storage.bucket(bucket);
  }

  /** The prefix of all objects, with a slash at its end. */
  get prefix(): string {
    return `${this.#prefix}bytes/`;
  }

  /** @throws MemodagError for a name that is no digest: no other text gets into a URL */
  keyOf(team: string, name: string): string {
    return `${this.prefix}${teamFolderName(team)}/${requireDigest(name)}`;
  }

  /**
   * Returns the result of `work`.
   * @param use what it does, for the message
   * @throws MemodagError `cache_backend_failed`; the reason of an aborted signal
   */
  async call<T>(use: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw bucketFailure(error, this.#place, use);
    }
  }

  /** The body of an answer; one that ends too early fails, since its length was announced. */
  streamOf(body: Readable, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
    if (signal) addAbortSignal(signal, body);
    return streamOfBody(body, (error) =>
      signal?.aborted === true ? signal.reason : bucketFailure(error, this.#place, "read bytes"),
    );
  }

  /** Throws if the bucket is not there: an object is then not missing, but unknown. */
  async require(signal?: AbortSignal): Promise<void> {
    const look = (): Promise<unknown> =>
      this.bucket.getFiles({ prefix: this.prefix, maxResults: 1, autoPaginate: false });
    await this.call("be found", look, signal);
  }

  /**
   * Sends a request by the streams of Node: the library's uploads cannot be broken off, and its downloads do not say
   * when they are.
   * @throws RefusedRequest for a status that is no success; the body's failure
   */
  async send({ method, path, headers = {}, body, signal }: LargeRequest): Promise<IncomingMessage> {
    const url = new URL(`${this.#storage.apiEndpoint}${path}`);
    const isSecure = url.protocol === "https:";
    const options: RequestOptions = {
      method,
      headers: { ...headers, ...(await this.#authorization()) },
      timeout: IDLE_MS,
      ...(isSecure && { agent: this.#agent }),
      ...(signal && { signal }),
    };
    const sent = isSecure ? requestHttps(url, options) : requestHttp(url, options);
    sent.once("timeout", () => sent.destroy(Object.assign(new Error("no data"), { code: "ETIMEDOUT" })));
    const answered = once(sent, "response") as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    if (body) await Promise.race([pipeline(body, sent), answered]);
    else sent.end();
    const [answer] = await answered;
    this.time.note(answer.headers.date);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    answer.resume();
    // An answer that came before all of the body was sent ends the sending.
    if (!sent.writableFinished) sent.destroy();
    throw new RefusedRequest(status);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #authorization(): Promise<Record<string, string>> {
    if (this.#isAnonymous) return {};
    return Object.fromEntries(new Headers(await this.#storage.authClient.getRequestHeaders()));
  }
}
