// sha256 in hex: the only digest in memodag.

import { hash } from "node:crypto";

/** A sha256 in 64 lower-case hexadecimal digits. */
export type Digest = string;

/** Above this many bytes hashing leaves the event loop: some 0.3 ms of work, far below what a pass may block. */
const OFF_THREAD_BYTES = 256 * 1024;

/** The sha256 of bytes, or of a text's UTF-8 bytes. For small data: it blocks. */
export function sha256(data: string | Uint8Array): Digest {
  return hash("sha256", data, "hex");
}

/** The sha256 of bytes of any size; large ones are hashed on a thread of their own. */
export async function digestOfBytes(bytes: Uint8Array): Promise<Digest> {
  if (bytes.length <= OFF_THREAD_BYTES) return sha256(bytes);
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(digest).toString("hex");
}
