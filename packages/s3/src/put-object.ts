// Writes one object with a single request. One that is not what its writer said never becomes visible.

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { MemodagError, type ByteBody, type ByteCheck } from "@memodag/core";
import { checkedChunks, lastHeldBack } from "@memodag/result-cache/store-parts";
import { MOST_ATTEMPTS, optionsOf, type Bucket } from "./bucket.ts";
import { isTransient } from "./s3-failure.ts";

/** Milliseconds before the first repetition; each later one waits twice as long. */
const FIRST_PAUSE_MS = 100;

/** The object that one request writes. */
export interface ObjectToPut {
  readonly key: string;
  readonly check: ByteCheck;
}

/**
 * A request for exactly the bytes of `check`: their digest is signed, and their checksum where it is known.
 * @param body absent: for a grant, which is sent by another
 */
export function putCommand(
  bucket: Bucket,
  { key, check }: ObjectToPut,
  body?: Uint8Array | Readable,
): PutObjectCommand {
  const { sizeBytes, sha256, md5 } = check;
  const command = new PutObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ContentLength: sizeBytes,
    ContentType: "application/octet-stream",
    ...(body && { Body: body }),
    ...(bucket.checksums === "md5" && md5 !== undefined && { ContentMD5: base64(md5) }),
    ...(bucket.checksums === "sha256" && { ChecksumSHA256: base64(sha256) }),
  });
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      // The signer takes the digest that is there, and does not read the body for it.
      headers["x-amz-content-sha256"] = sha256;
      return await next(args);
    },
    { step: "build", name: "memodagContentSha256" },
  );
  return command;
}

/**
 * Writes a body. Bytes and files are sent again after a transient failure; a stream can be read only once.
 * @throws MemodagError `bytes_refused`, `cache_backend_failed`; what the stream fails with
 */
export async function putBody(
  bucket: Bucket,
  object: ObjectToPut,
  body: ByteBody,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (body instanceof Uint8Array) return await putBytes(bucket, object, body, signal);
  const mostAttempts = body instanceof ReadableStream ? 1 : MOST_ATTEMPTS;
  const use = "store bytes";
  const fault = await bucket.call(use, () => putStream(bucket, object, body, mostAttempts, signal), signal);
  // A fault of the body says nothing of the bucket.
  if (fault) throw fault.reason;
}

/** Why a body could not be read, or was refused. */
interface BodyFault {
  readonly reason: unknown;
}

async function putBytes(
  bucket: Bucket,
  object: ObjectToPut,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const _ of checkedChunks(bytes, object.check, signal));
  const { md5 = bucket.checksums === "md5" ? md5Of(bytes) : undefined } = object.check;
  const check = { ...object.check, ...(md5 !== undefined && { md5 }) };
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = putCommand(bucket, { ...object, check }, body);
  await bucket.call("store bytes", () => bucket.client.send(command, optionsOf(signal)), signal);
}

async function putStream(
  bucket: Bucket,
  object: ObjectToPut,
  body: ByteBody,
  attemptsLeft: number,
  signal: AbortSignal | undefined,
  pauseMs: number = FIRST_PAUSE_MS,
): Promise<BodyFault | undefined> {
  const faulty = new AbortController();
  const chunks = lastHeldBack(checkedChunks(body, object.check, signal));
  const source = Readable.from(chunks, { objectMode: false });
  // The SDK does not notice that a body breaks: the request is ended here, before it is complete.
  source.once("error", (error) => faulty.abort(error));
  const ends = signal ? AbortSignal.any([signal, faulty.signal]) : faulty.signal;
  try {
    await bucket.client.send(putCommand(bucket, object, source), { abortSignal: ends });
    return undefined;
  } catch (error) {
    if (faulty.signal.aborted && signal?.aborted !== true) return { reason: faulty.signal.reason };
    if (attemptsLeft <= 1 || !isTransient(error)) throw error;
  } finally {
    source.destroy();
  }
  await pause(pauseMs, undefined, signal ? { signal } : {});
  return await putStream(bucket, object, body, attemptsLeft - 1, signal, pauseMs * 2);
}

function base64(hexadecimal: string): string {
  return Buffer.from(hexadecimal, "hex").toString("base64");
}

function md5Of(bytes: Uint8Array): string {
  try {
    return createHash("md5").update(bytes).digest("hex");
  } catch {
    throw new MemodagError(
      "cache_backend_failed",
      'this build of Node has no md5: set `checksums = "sha256"`, or "none" where the service does not know it',
    );
  }
}
