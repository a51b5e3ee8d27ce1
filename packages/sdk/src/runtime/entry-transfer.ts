// Brings the bytes of an entry from its store to a handler. Loaded when the first entry is saved or loaded.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { constants, copyFile, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MemodagError, nameFileFault, type EntryAnswer, type EntryRef } from "@memodag/core";
import { FOLDER_PREFIX_BYTES, isFolderBytes, openBytes, unpackFolder } from "@memodag/core/folders";
import type { EntryValue } from "../context/job-cache.ts";
import { takeBody, type EntryBody } from "./entry-body.ts";
import { CHUNK_BYTES, hashFile, requestBytes } from "./grant-transfer.ts";

/** Moves bytes for one attempt. */
export class EntryTransfer {
  readonly #allow: (path: string) => void;

  /** @param allow is called before a file of a store is read */
  constructor(allow: (path: string) => void) {
    this.#allow = allow;
  }

  /** Takes what a handler saves. A stream is read to its end, into a temporary file if it is long. */
  async take(value: EntryValue): Promise<EntryBody> {
    return await takeBody(value);
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

  /**
   * Writes the bytes of an answer to a file, or restores the folder that they are. A store on the same disk shares the
   * blocks of a file where that can, and never the file: a task may write to what it gets.
   */
  async download(answer: EntryAnswer, path: string): Promise<void> {
    const ref = refOf(answer);
    const target = resolve(path);
    const staged = join(dirname(target), `.memodag-${randomUUID()}`);
    try {
      await this.#stage(answer, ref, staged);
      await rename(staged, target);
    } catch (error) {
      await rm(staged, { recursive: true, force: true });
      throw ofTarget(error, ref, staged, target);
    }
  }

  async #stage(answer: EntryAnswer, ref: EntryRef, staged: string): Promise<void> {
    const { reply } = answer;
    if (reply.kind === "entry" && reply.grant?.kind === "file") {
      const { path } = reply.grant;
      this.#allow(path);
      if (!(await isFolderFile(path))) {
        await copyFile(path, staged, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        const found = await hashFile(staged);
        if (found.digest !== ref.digest) throw damaged(ref);
        return;
      }
    }
    const source = answer.bytes ? Readable.from([verified(ref, answer.bytes)]) : await this.#chunks(answer);
    const { isFolder, chunks } = await openBytes(source.compose(checked(ref)) as AsyncIterable<Uint8Array>);
    if (isFolder) await unpackFolder(chunks, staged);
    else await pipeline(chunks, createWriteStream(staged, { flags: "wx" }));
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

async function isFolderFile(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(FOLDER_PREFIX_BYTES),
      0,
      FOLDER_PREFIX_BYTES,
      0,
    );
    return isFolderBytes(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Names a fault of the disk that is written to; one of the store is another's. */
function ofTarget(error: unknown, { key }: EntryRef, staged: string, target: string): unknown {
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  if (
    syscall === "rename" &&
    (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR" || code === "EISDIR")
  )
    return new MemodagError(
      "entry_invalid",
      `The entry ${JSON.stringify(key)} cannot replace ${target}: a folder replaces nothing but an empty folder, and a ` +
        "file nothing but a file: download to another path, or remove what is there",
      { cause: error, fields: { key, path: target } },
    );
  const isOfTarget = syscall === "write" || dest === staged || path?.startsWith(staged) === true;
  return isOfTarget
    ? nameFileFault(error, { what: `the entry ${JSON.stringify(key)}`, path: target })
    : error;
}

function refOf({ reply }: EntryAnswer): EntryRef {
  if (reply.kind !== "entry") throw new Error(`no entry in a reply "${reply.kind}"`);
  return reply.ref;
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
