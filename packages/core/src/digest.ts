// sha256 in hex: the only digest in memodag.

import { hash } from "node:crypto";

/** A sha256 in 64 lower-case hexadecimal digits. */
export type Digest = string;

/** The sha256 of bytes, or of a text's UTF-8 bytes. */
export function sha256(data: string | Uint8Array): Digest {
  return hash("sha256", data, "hex");
}
