// SHA-256 in hexadecimal, the only digest that memodag uses.

import { createHash, hash } from "node:crypto";
import { TimeSlice } from "./event-loop.ts";

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string;

/**
 * Larger data is hashed off the event loop. Hashing this much takes about 0.3 ms, far less than a pass
 * may block.
 */
const OFF_THREAD_BYTES = 256 * 1024;

/** Hashing on another thread copies the data. */
const MOST_COPIED_BYTES = 16 * 1024 * 1024;

/** Hashed without a look at the clock; takes about 1 ms. */
const STEP_BYTES = 1024 * 1024;

/**
 * Returns the SHA-256 of bytes, or of a string's UTF-8 encoding. Blocks, so use it for small data only.
 */
export function sha256(data: string | Uint8Array): Digest {
  return hash("sha256", data, "hex");
}

/**
 * Returns the SHA-256 of bytes of any size, which do not change meanwhile. Large data is hashed on another thread, and
 * data too large to be copied for it in slices on this one.
 */
export async function digestOfBytes(bytes: Uint8Array): Promise<Digest> {
  if (bytes.length <= OFF_THREAD_BYTES) return sha256(bytes);
  if (bytes.length > MOST_COPIED_BYTES) return await digestInSlices(bytes);
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(digest).toString("hex");
}

async function digestInSlices(bytes: Uint8Array): Promise<Digest> {
  const hashing = createHash("sha256");
  const slice = new TimeSlice();
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    hashing.update(bytes.subarray(at, at + STEP_BYTES));
    if (slice.isOver) await slice.pause();
  }
  return hashing.digest("hex");
}
