// One bucket below its prefix: the client, the names of objects, and the store's time.

import { resolve } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { MemodagError, messageOf, type Clock } from "@memodag/core";
import { requireDigest, ServerTime, streamOfBody, teamFolderName } from "@memodag/result-cache/store-parts";
import { readCredentialsFile } from "./credentials-file.ts";
import type { S3Options } from "./options.ts";
import { bucketFailure, type BucketPlace } from "./s3-failure.ts";

/** Attempts at a request, the first included. */
export const MOST_ATTEMPTS = 5;

/** Milliseconds after which a connection that cannot be made, or on which nothing moves, is given up. */
const CONNECT_MS = 5_000;
const IDLE_MS = 60_000;

/** A reader that pauses holds a connection; others must not wait for it. */
const MOST_SOCKETS = 512;

/** A part of the prefix: bytes and records are apart. */
export type Room = "bytes" | "records";

/** A bucket, and what stores in it share. Use {@link Bucket.call} for every request. */
export class Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly checksums: S3Options["checksums"];
  readonly time: ServerTime;
  readonly #prefix: string;
  readonly #place: BucketPlace;

  /** @param projectDir where a relative `credentials_file` starts */
  constructor(options: S3Options, projectDir: string, clock: Pick<Clock, "now">) {
    const { bucket, prefix, endpoint } = options;
    this.name = bucket;
    this.checksums = options.checksums;
    this.time = new ServerTime(clock);
    this.#prefix = prefix === undefined ? "" : `${prefix}/`;
    this.#place = { bucket, endpoint };
    this.client = openClient(options, projectDir, clock);
    this.client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
        this.time.note(headers?.["date"]);
        return result;
      },
      { step: "deserialize", priority: "low", name: "memodagServerTime" },
    );
  }

  /** The prefix of all objects of a room, with a slash at its end. */
  prefixOf(room: Room): string {
    return `${this.#prefix}${room}/`;
  }

  /** @throws MemodagError for a name that is no digest: no other text gets into a URL */
  keyOf(room: Room, team: string, name: string, suffix = ""): string {
    return `${this.prefixOf(room)}${teamFolderName(team)}/${requireDigest(name)}${suffix}`;
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

  /**
   * Asks the store for its time unless an answer has told it: a request that is signed here and sent by another cannot
   * be signed anew when it is refused for its date.
   */
  async learnTime(): Promise<void> {
    if (this.time.isKnown) return;
    // A failure is that of the request itself, which is made next.
    await this.require().catch(() => undefined);
  }

  /** Throws if the bucket is not there: an object is then not missing, but unknown. */
  async require(signal?: AbortSignal): Promise<void> {
    const command = new HeadBucketCommand({ Bucket: this.name });
    await this.call("be found", () => this.client.send(command, optionsOf(signal)), signal);
  }
}

/** Options of a request that `signal` ends. */
export function optionsOf(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

function ignore(): void {}

function openClient(
  { region, endpoint, credentials_file: file, profile = "default" }: S3Options,
  projectDir: string,
  clock: Pick<Clock, "now">,
): S3Client {
  const agent = { keepAlive: true, maxSockets: MOST_SOCKETS };
  try {
    return new S3Client({
      // Other services have one region, whatever it is called.
      ...(region !== undefined ? { region } : endpoint !== undefined && { region: "us-east-1" }),
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(file !== undefined && {
        credentials: () => readCredentialsFile(resolve(projectDir, file), profile, clock.now()),
      }),
      ...(file === undefined && profile !== "default" && { profile }),
      maxAttempts: MOST_ATTEMPTS,
      // Without one, some failures that are told to the caller go to the terminal as well.
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      followRegionRedirects: true,
      // Checksums that the SDK adds by itself are unknown to many compatible services.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        socketTimeout: IDLE_MS,
        httpAgent: agent,
        httpsAgent: agent,
      },
    });
  } catch (error) {
    throw new MemodagError(
      "config_invalid",
      `The S3 client cannot be made (${messageOf(error)}): check the options`,
    );
  }
}
