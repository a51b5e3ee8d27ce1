// Moves the bytes of entries: from what a handler saves to a store, and from a store to a handler. Loaded when the
// first entry is saved or loaded. Streams and files are never held in memory.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { constants, copyFile, open, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  MemodagError,
  OWN_FILE_MODE,
  messageOf,
  type ByteGrant,
  type Digest,
  type EntryAnswer,
  type EntryRef,
} from "@memodag/core";
import type { EntryValue } from "../context/job-cache.ts";

/** Bytes up to which a body goes along with the first request. */
const INLINE_BYTES = 256 * 1024;

const CHUNK_BYTES = 1024 * 1024;

/** Milliseconds without progress after which a transfer by HTTP has failed. */
const STALLED_MS = 60_000;

/** How often a transfer by HTTP is tried: object stores ask to slow down and to come again. */
const TRIES = 4;
const FIRST_REST_MS = 200;

/** Bytes to save, with what identifies them. */
export interface EntryBody {
  readonly digest: Digest;
  readonly md5: string;
  readonly sizeBytes: number;
  /** The bytes, if there are few. */
  readonly inline: Uint8Array | undefined;
  /** All bytes, in memory. */
  whole(): Promise<Uint8Array>;
  /** @throws MemodagError `cache_store_failed` */
  writeTo(grant: ByteGrant): Promise<void>;
  /** Removes a temporary file. */
  close(): Promise<void>;
}

/** Moves bytes for one attempt. */
export class EntryTransfer {
  readonly #allow: (path: string) => void;

  /** @param allow is called before a file of a store is read */
  constructor(allow: (path: string) => void) {
    this.#allow = allow;
  }

  /** Takes what a handler saves. A stream is read to its end, into a temporary file if it is long. */
  async take(value: EntryValue): Promise<EntryBody> {
    if (typeof value === "string") return inMemory(Buffer.from(value));
    if (value instanceof Uint8Array) return inMemory(new Uint8Array(value));
    if (typeof value !== "object" || value === null) throw notBytes(value);
    if (value instanceof Blob) return await spooled(value.stream());
    if ("file" in value && typeof value.file === "string") return await ofFile(resolve(value.file));
    if (value instanceof ReadableStream || Symbol.asyncIterator in value)
      return await spooled(value as AsyncIterable<Uint8Array>);
    throw notBytes(value);
  }

  /** All bytes of an answer. @throws MemodagError `cache_entry_lost` if they are damaged */
  async collect(answer: EntryAnswer): Promise<Uint8Array> {
    const ref = refOf(answer);
    if (answer.bytes) return verified(ref, answer.bytes);
    const whole = Buffer.allocUnsafe(ref.sizeBytes);
    let at = 0;
    for await (const chunk of await this.#chunks(answer)) {
      if (at + chunk.length > whole.length) throw damaged(ref);
      whole.set(chunk, at);
      at += chunk.length;
    }
    return verified(ref, new Uint8Array(whole.buffer, whole.byteOffset, at));
  }

  /** The bytes of an answer, checked at the end. */
  async stream(answer: EntryAnswer): Promise<ReadableStream<Uint8Array>> {
    const ref = refOf(answer);
    const source = answer.bytes
      ? Readable.from([verified(ref, answer.bytes)])
      : (await this.#chunks(answer)).compose(checked(ref));
    return Readable.toWeb(source) as ReadableStream<Uint8Array>;
  }

  /** Writes the bytes of an answer to a file. A store on the same disk shares its blocks where that can. */
  async download(answer: EntryAnswer, path: string): Promise<void> {
    const ref = refOf(answer);
    const { reply } = answer;
    const target = resolve(path);
    const staged = `${target}.${randomUUID()}.part`;
    try {
      if (reply.kind === "entry" && reply.grant?.kind === "file") {
        this.#allow(reply.grant.path);
        await copyFile(reply.grant.path, staged, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        const found = await hashFile(staged);
        if (found.digest !== ref.digest) throw damaged(ref);
      } else {
        const source = answer.bytes
          ? Readable.from([verified(ref, answer.bytes)])
          : await this.#chunks(answer);
        const file = createWriteStream(staged, { flags: "wx" });
        await pipeline(source, checked(ref), file);
      }
      await rename(staged, target);
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  }

  async #chunks(answer: EntryAnswer): Promise<Readable> {
    const { reply } = answer;
    const grant = reply.kind === "entry" ? reply.grant : null;
    if (!grant) throw new Error("an entry came with neither bytes nor a grant");
    if (grant.kind === "file") {
      this.#allow(grant.path);
      return createReadStream(grant.path, { highWaterMark: CHUNK_BYTES });
    }
    return await requestBytes(grant);
  }
}

function refOf({ reply }: EntryAnswer): EntryRef {
  if (reply.kind !== "entry") throw new Error(`no entry in a reply "${reply.kind}"`);
  return reply.ref;
}

function inMemory(bytes: Uint8Array): EntryBody {
  const hashes = newHashes();
  hashes.update(bytes);
  return {
    ...hashes.digests(),
    sizeBytes: bytes.length,
    inline: bytes.length <= INLINE_BYTES ? bytes : undefined,
    whole: async () => bytes,
    writeTo: (grant) => writeByGrant(grant, () => Readable.from(slicesOf(bytes)), bytes.length),
    close: async () => undefined,
  };
}

async function ofFile(path: string, isTemporary = false): Promise<EntryBody> {
  const found = await hashFile(path);
  const { sizeBytes } = found;
  if (sizeBytes <= INLINE_BYTES && !isTemporary) return inMemory(await readFile(path));
  return {
    ...found,
    inline: undefined,
    whole: () => readFile(path),
    writeTo: (grant) =>
      writeByGrant(grant, () => createReadStream(path, { highWaterMark: CHUNK_BYTES }), sizeBytes, path),
    async close() {
      if (isTemporary) await rm(path, { force: true });
    },
  };
}

/** Kept in memory as long as it is short. */
async function spooled(source: AsyncIterable<Uint8Array>): Promise<EntryBody> {
  let kept: Uint8Array[] = [];
  let sizeBytes = 0;
  let path: string | undefined;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw notBytes(chunk);
      sizeBytes += chunk.length;
      if (!file && sizeBytes > INLINE_BYTES) {
        path = join(tmpdir(), `memodag-entry-${randomUUID()}`);
        file = await open(path, "wx", OWN_FILE_MODE);
        for (const early of kept) await file.write(early);
        kept = [];
      }
      if (file) await file.write(chunk);
      else kept.push(new Uint8Array(chunk));
    }
    await file?.close();
    file = undefined;
    return path === undefined ? inMemory(Buffer.concat(kept)) : await ofFile(path, true);
  } catch (error) {
    await file?.close();
    if (path !== undefined) await rm(path, { force: true });
    throw error;
  }
}

async function hashFile(path: string): Promise<Pick<EntryBody, "digest" | "md5" | "sizeBytes">> {
  const hashes = newHashes();
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    hashes.update(chunk as Uint8Array);
    sizeBytes += (chunk as Uint8Array).length;
  }
  return { ...hashes.digests(), sizeBytes };
}

function newHashes() {
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

function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES);
}

async function writeByGrant(
  grant: ByteGrant,
  read: () => Readable,
  sizeBytes: number,
  path?: string,
): Promise<void> {
  try {
    if (grant.kind === "http") {
      await sendBytes(grant, read, sizeBytes);
    } else if (path !== undefined) {
      await copyFile(path, grant.path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } else {
      await pipeline(read(), createWriteStream(grant.path, { flags: "wx", mode: OWN_FILE_MODE }));
    }
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

async function requestBytes(grant: HttpGrant): Promise<Readable> {
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
    super(`the store answered ${status}${text === "" ? "" : `: ${text}`}`);
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

/** Fails after the last byte if the bytes are not those of the reference. */
function checked(ref: EntryRef): Transform {
  const sha256 = createHash("sha256");
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sha256.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(sha256.digest("hex") === ref.digest ? null : damaged(ref));
    },
  });
}

function verified(ref: EntryRef, bytes: Uint8Array): Uint8Array {
  if (bytes.length === ref.sizeBytes && createHash("sha256").update(bytes).digest("hex") === ref.digest)
    return bytes;
  throw damaged(ref);
}

function damaged({ key, digest }: EntryRef): MemodagError {
  return new MemodagError(
    "cache_entry_lost",
    `The bytes of the entry ${JSON.stringify(key)} (${digest.slice(0, 12)}) are damaged in their store: ` +
      "clear the task that saved it, so that it runs again",
    { fields: { key, digest } },
  );
}

function notBytes(value: unknown): TypeError {
  const found = value === null ? "null" : typeof value === "object" ? value.constructor.name : typeof value;
  return new TypeError(
    `${found} cannot be saved as an entry: pass bytes, a string, a Blob, a stream of bytes or { file: path }; use saveJson for JSON`,
  );
}
