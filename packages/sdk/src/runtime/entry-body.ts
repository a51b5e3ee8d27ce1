// Takes what a handler saves as an entry. Streams and files are never held in memory.

import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { nameFileFault, OWN_FILE_MODE, type ByteGrant, type Digest } from "@memodag/core";
import { packFolder } from "@memodag/core/folders";
import type { EntryValue } from "../context/job-cache.ts";
import { CHUNK_BYTES, hashFile, newHashes, writeByGrant } from "./grant-transfer.ts";

/** Bytes up to which a body goes along with the first request. */
const INLINE_BYTES = 256 * 1024;

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
  /** Frees what it holds, such as a temporary file. */
  close(): Promise<void>;
}

/** Takes what a handler saves. A stream is read to its end, into a temporary file if it is long. */
export async function takeBody(value: EntryValue): Promise<EntryBody> {
  if (typeof value === "string") return inMemory(Buffer.from(value));
  if (value instanceof Uint8Array) return inMemory(new Uint8Array(value));
  if (typeof value !== "object" || value === null) throw notBytes(value);
  if (value instanceof Blob) return await spooled(value.stream());
  if ("file" in value && typeof value.file === "string") return await ofFile(resolve(value.file));
  if ("folder" in value && typeof value.folder === "string") return await ofFolder(resolve(value.folder));
  if (value instanceof ReadableStream || Symbol.asyncIterator in value)
    return await spooled(value as AsyncIterable<Uint8Array>);
  throw notBytes(value);
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

async function ofFile(path: string): Promise<EntryBody> {
  const found = await hashFile(path);
  const { sizeBytes } = found;
  if (sizeBytes <= INLINE_BYTES) return inMemory(await readFile(path));
  return {
    ...found,
    inline: undefined,
    whole: () => readFile(path),
    writeTo: (grant) =>
      writeByGrant(grant, () => createReadStream(path, { highWaterMark: CHUNK_BYTES }), sizeBytes, path),
    close: async () => undefined,
  };
}

async function ofFolder(path: string): Promise<EntryBody> {
  const { sizeBytes, read } = await packFolder(path);
  const whole = async (): Promise<Uint8Array> => await buffer(read());
  if (sizeBytes <= INLINE_BYTES) return inMemory(await whole());
  const hashes = newHashes();
  for await (const chunk of read()) hashes.update(chunk);
  return {
    ...hashes.digests(),
    sizeBytes,
    inline: undefined,
    whole,
    writeTo: (grant) => writeByGrant(grant, () => Readable.from(read()), sizeBytes),
    close: async () => undefined,
  };
}

/** Kept in memory as long as it is short. */
async function spooled(source: AsyncIterable<Uint8Array>): Promise<EntryBody> {
  const hashes = newHashes();
  let kept: Uint8Array[] = [];
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw notBytes(chunk);
      hashes.update(chunk);
      sizeBytes += chunk.length;
      if (!file && sizeBytes > INLINE_BYTES) {
        file = await openSpool();
        for (const early of kept) await append(file, early);
        kept = [];
      }
      if (file) await append(file, chunk);
      else kept.push(new Uint8Array(chunk));
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return file ? ofSpool(file, sizeBytes, hashes.digests()) : inMemory(Buffer.concat(kept));
}

/** @param file closed with the body */
function ofSpool(file: FileHandle, sizeBytes: number, digests: Pick<EntryBody, "digest" | "md5">): EntryBody {
  const read = (): Readable =>
    file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  return {
    ...digests,
    sizeBytes,
    inline: undefined,
    whole: async () => await buffer(read()),
    writeTo: (grant) => writeByGrant(grant, read, sizeBytes),
    close: () => file.close(),
  };
}

/** A file without a name: nothing is left of it when this process is killed. */
async function openSpool(): Promise<FileHandle> {
  const path = join(tmpdir(), `memodag-entry-${randomUUID()}`);
  return await onTemporaryDisk(async () => {
    const file = await open(path, "wx+", OWN_FILE_MODE);
    await rm(path, { force: true });
    return file;
  });
}

/** Writes all of it: a single write may take less. */
async function append(file: FileHandle, bytes: Uint8Array): Promise<void> {
  await onTemporaryDisk(() => file.writeFile(bytes));
}

/** A disk that is full is no fault of the stream that is read. */
async function onTemporaryDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw nameFileFault(error, {
      what: "entries before they are stored",
      path: tmpdir(),
      setting: "the variable TMPDIR",
    });
  }
}

function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES);
}

function notBytes(value: unknown): TypeError {
  const found = value === null ? "null" : typeof value === "object" ? value.constructor.name : typeof value;
  return new TypeError(
    `${found} cannot be saved as an entry: pass bytes, a string, a Blob, a stream of bytes, { file: path } or { folder: path }; use saveJson for JSON`,
  );
}
