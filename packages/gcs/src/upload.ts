// Writes one object with a single request. One that is not what its writer said never becomes visible.

import { createHash, randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { ByteBody, ByteCheck } from "@memodag/core";
import { checkedChunks, lastHeldBack } from "@memodag/result-cache/store-parts";
import type { GcsBucket } from "./gcs-bucket.ts";
import { isTransient } from "./gcs-failure.ts";

const MOST_ATTEMPTS = 5;

/** Milliseconds before the first repetition; each later one waits twice as long. */
const FIRST_PAUSE_MS = 100;

/** The object that one request writes. */
export interface ObjectToUpload {
  readonly key: string;
  readonly check: ByteCheck;
}

/** Metadata that the service checks and keeps beside the bytes. */
export function metadataOf({ md5 }: ByteCheck): Readonly<Record<string, string>> {
  const md5Hash = md5 === undefined ? undefined : Buffer.from(md5, "hex").toString("base64");
  return { contentType: "application/octet-stream", ...(md5Hash !== undefined && { md5Hash }) };
}

/**
 * Writes a body. Bytes and files are sent again after a transient failure; a stream can be read only once.
 * @throws MemodagError `bytes_refused`, `cache_backend_failed`; what the stream fails with
 */
export async function upload(
  bucket: GcsBucket,
  object: ObjectToUpload,
  body: ByteBody,
  signal: AbortSignal | undefined,
): Promise<void> {
  const mostAttempts = body instanceof ReadableStream ? 1 : MOST_ATTEMPTS;
  const known = body instanceof Uint8Array ? { ...object, check: withMd5(object.check, body) } : object;
  const attempt = async (): Promise<BodyFault | undefined> => {
    for (let left = mostAttempts, pauseMs = FIRST_PAUSE_MS; ; left -= 1, pauseMs *= 2) {
      try {
        return await tryUpload(bucket, known, body, signal);
      } catch (error) {
        if (left <= 1 || !isTransient(error)) throw error;
      }
      await pause(pauseMs, undefined, signal ? { signal } : {});
    }
  };
  const fault = await bucket.call("store bytes", attempt, signal);
  // A fault of the body says nothing of the bucket.
  if (fault) throw fault.reason;
}

/** Why a body could not be read, or was refused. */
interface BodyFault {
  readonly reason: unknown;
}

async function tryUpload(
  bucket: GcsBucket,
  { key, check }: ObjectToUpload,
  body: ByteBody,
  signal: AbortSignal | undefined,
): Promise<BodyFault | undefined> {
  const boundary = randomUUID();
  const type = (name: string): string => `content-type: ${name}\r\n\r\n`;
  const metadata = JSON.stringify({ name: key, ...metadataOf(check) });
  const head = Buffer.from(
    `--${boundary}\r\n${type("application/json")}${metadata}\r\n--${boundary}\r\n${type("application/octet-stream")}`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  let fault: BodyFault | undefined;
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    try {
      yield* lastHeldBack(checkedChunks(body, check, signal));
    } catch (error) {
      fault = { reason: error };
      throw error;
    }
    yield tail;
  };
  try {
    const answer = await bucket.send({
      method: "POST",
      path: `/upload/storage/v1/b/${bucket.bucket.name}/o?uploadType=multipart`,
      headers: {
        "content-type": `multipart/related; boundary=${boundary}`,
        "content-length": String(head.length + check.sizeBytes + tail.length),
      },
      body: parts(),
      ...(signal && { signal }),
    });
    await text(answer);
    return undefined;
  } catch (error) {
    if (fault && signal?.aborted !== true) return fault;
    throw error;
  }
}

function withMd5(check: ByteCheck, bytes: Uint8Array): ByteCheck {
  if (check.md5 !== undefined) return check;
  try {
    return { ...check, md5: createHash("md5").update(bytes).digest("hex") };
  } catch {
    // A build of Node without md5: the service then checks the length alone.
    return check;
  }
}
