// Moves bytes by a grant: into and out of a file of a store, or by one HTTP request.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { constants, copyFile, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  MemodagError,
  OWN_FILE_MODE,
  messageOf,
  nameFileFault,
  type ByteGrant,
  type Digest,
} from "@memodag/core";

/** Bytes that are moved at a time. */
export const CHUNK_BYTES: number = 1024 * 1024;

/** Milliseconds without progress after which a transfer by HTTP has failed. */
const STALLED_MS = 60_000;

/** How often a transfer by HTTP is tried: object stores ask to slow down and to come again. */
const TRIES = 4;
const FIRST_REST_MS = 200;

/** The digests of a file's bytes. */
export interface HashedFile {
  readonly digest: Digest;
  readonly md5: string;
  readonly sizeBytes: number;
}

/** Hashes a file without holding it in memory. */
export async function hashFile(path: string): Promise<HashedFile> {
  const hashes = newHashes();
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    hashes.update(chunk as Uint8Array);
    sizeBytes += (chunk as Uint8Array).length;
  }
  return { ...hashes.digests(), sizeBytes };
}

/** Both digests of bytes that come in parts. */
export function newHashes(): { update(bytes: Uint8Array): void; digests(): Omit<HashedFile, "sizeBytes"> } {
  const sha256 = createHash("sha256");
  const md5 = createHash("md5");
  return {
    update(bytes: Uint8Array): void {
      sha256.update(bytes);
      md5.update(bytes);
    },
    digests: () => ({ digest: sha256.digest("hex"), md5: md5.digest("hex") }),
  };
}

/**
 * Writes bytes by a grant.
 * @param path of the file that `read` reads; absent: they are in memory
 * @throws MemodagError `cache_store_failed`
 */
export async function writeByGrant(
  grant: ByteGrant,
  read: () => Readable,
  sizeBytes: number,
  path?: string,
): Promise<void> {
  try {
    if (grant.kind === "http") await sendBytes(grant, read, sizeBytes);
    else await writeFile(grant.path, read, path);
  } catch (error) {
    throw new MemodagError(
      "cache_store_failed",
      `The bytes of an entry could not be written: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Shares the blocks of the file where the disk can. Not the file: writing to one name of a hard link changes it under
 * the other.
 */
async function writeFile(target: string, read: () => Readable, path: string | undefined): Promise<void> {
  try {
    if (path !== undefined)
      return await copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await pipeline(read(), createWriteStream(target, { flags: "wx", mode: OWN_FILE_MODE }));
  } catch (error) {
    await rm(target, { force: true });
    throw nameFileFault(error, { what: "bytes of entries", path: target });
  }
}

type HttpGrant = Extract<ByteGrant, { kind: "http" }>;

async function requestTo(grant: HttpGrant) {
  const { request } = grant.url.startsWith("https:") ? await import("node:https") : await import("node:http");
  const { method, url, headers } = grant;
  return request(url, { method, headers: { ...headers }, timeout: STALLED_MS });
}

async function sendBytes(grant: HttpGrant, read: () => Readable, sizeBytes: number): Promise<void> {
  await withTries(async () => {
    const call = await requestTo(grant);
    call.on("timeout", () => call.destroy(new Error(`no progress for ${STALLED_MS / 1_000} s`)));
    if (!call.hasHeader("content-length")) call.setHeader("content-length", sizeBytes);
    const answered = responseOf(call);
    const sent = pipeline(read(), call);
    // Whichever fails first is reported.
    for (const each of [answered, sent]) each.catch(() => undefined);
    // The response may come before the body is sent, and says why.
    await Promise.race([sent.then(() => answered), answered]);
    const response = await answered;
    await refuseStatus(response);
    response.resume();
    await sent;
  });
}

/** Reads bytes by a grant. @throws MemodagError `cache_store_failed` */
export async function requestBytes(grant: HttpGrant): Promise<Readable> {
  return await withTries(async () => {
    const call = await requestTo(grant);
    call.on("timeout", () => call.destroy(new Error(`no progress for ${STALLED_MS / 1_000} s`)));
    call.end();
    const response = await responseOf(call);
    await refuseStatus(response);
    return response;
  });
}

async function responseOf(
  call: import("node:http").ClientRequest,
): Promise<import("node:http").IncomingMessage> {
  const answered = Promise.withResolvers<import("node:http").IncomingMessage>();
  call.once("response", answered.resolve);
  call.once("error", answered.reject);
  return await answered.promise;
}

class Refused extends Error {
  readonly mayRepeat: boolean;

  constructor(status: number, text: string) {
    const isRefused = status === 401 || status === 403;
    // The worker has none: they are the scheduler's.
    const remedy = isRefused
      ? ": check the credentials of the store in the config, and what they permit"
      : "";
    super(`the store answered ${status}${text === "" ? "" : ` (${text})`}${remedy}`);
    this.mayRepeat = status === 409 || status === 429 || status >= 500;
  }
}

async function refuseStatus(response: import("node:http").IncomingMessage): Promise<void> {
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return;
  let text = "";
  for await (const chunk of response) if (text.length < 1_000) text += String(chunk);
  // A short form of what object stores write in XML.
  const code = /<Code>(?<code>[^<]*)<\/Code>/.exec(text)?.groups?.["code"] ?? "";
  throw new Refused(statusCode, code);
}

async function withTries<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === TRIES || (error instanceof Refused && !error.mayRepeat)) {
        throw new MemodagError("cache_store_failed", `The transfer of an entry failed: ${messageOf(error)}`, {
          cause: error,
        });
      }
      const restMs = FIRST_REST_MS * 2 ** attempt * (0.5 + Math.random() / 2);
      await new Promise((rested) => setTimeout(rested, restMs));
    }
  }
}
