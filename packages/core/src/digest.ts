// SHA-256 in hexadecimal, the only digest that memodag uses.

import { hash } from "node:crypto";

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string;

/**
 * Larger data is hashed off the event loop. Hashing this much takes about 0.3 ms, far less than a pass
 * may block.
 */
const OFF_THREAD_BYTES = 256 * 1024;

/**
 * Returns the SHA-256 of bytes, or of a string's UTF-8 encoding. Blocks, so use it for small data only.
 */
export function sha256(data: string | Uint8Array): Digest {
  return hash("sha256", data, "hex");
}

/** Returns the SHA-256 of bytes of any size. Large data is hashed on another thread. */
export async function digestOfBytes(bytes: Uint8Array): Promise<Digest> {
  if (bytes.length <= OFF_THREAD_BYTES) return sha256(bytes);
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(digest).toString("hex");
}
