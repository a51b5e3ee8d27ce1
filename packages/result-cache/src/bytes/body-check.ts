// Compares bytes with what their writer said of them.

import { createHash, type Hash } from "node:crypto";
import { MemodagError, type ByteCheck } from "@memodag/core";

/** The check of one body, chunk by chunk. */
export class BodyCheck {
  readonly #check: ByteCheck;
  readonly #hash: Hash = createHash("sha256");
  #sizeBytes = 0;

  constructor(check: ByteCheck) {
    this.#check = check;
  }

  /** @throws MemodagError `bytes_refused` for more bytes than announced */
  take(chunk: Uint8Array): void {
    const { sizeBytes } = this.#check;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > sizeBytes) throw refused(`more than the ${sizeBytes} bytes announced`, this.#check);
    this.#hash.update(chunk);
  }

  /** @throws MemodagError `bytes_refused` for other bytes than announced */
  end(): void {
    const { sizeBytes, sha256 } = this.#check;
    if (this.#sizeBytes !== sizeBytes)
      throw refused(`${this.#sizeBytes} bytes, not the ${sizeBytes} announced`, this.#check);
    const digest = this.#hash.digest("hex");
    if (digest !== sha256) throw refused(`bytes of sha256 ${digest}, not ${sha256}`, this.#check);
  }
}

function refused(found: string, { sizeBytes, sha256 }: ByteCheck): MemodagError {
  return new MemodagError(
    "bytes_refused",
    `The body to store has ${found}: nothing was stored. Write it again from a source that does not change`,
    { fields: { sizeBytes, sha256 } },
  );
}
