// Brings the bytes of an entry from its store to a handler. Loaded when the first entry is saved or loaded.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { constants, copyFile, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MemodagError, type EntryAnswer, type EntryRef } from "@memodag/core";
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
