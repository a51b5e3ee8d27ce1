// Writes bytes to standard output or to a new file, and checks them on the way.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { MemodagError } from "@memodag/core";

/**
 * Writes a stream. A file appears when all of it is written and has this digest.
 * @throws MemodagError `usage` if the file exists; `cache_entry_lost` if the bytes have another digest
 */
export async function writeBytes(
  bytes: ReadableStream<Uint8Array>,
  digest: string,
  path: string | undefined,
): Promise<void> {
  if (path !== undefined && existsSync(path))
    throw new MemodagError("usage", `${path} exists: name a new file, or remove it`, { fields: { path } });
  const staged = path === undefined ? undefined : `${path}.part`;
  const target = staged === undefined ? process.stdout : createWriteStream(staged);
  const hash = createHash("sha256");
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      if (!target.write(chunk)) await once(target, "drain");
    }
    if (target !== process.stdout) await new Promise<void>((ended) => target.end(ended));
    if (hash.digest("hex") !== digest)
      throw new MemodagError("cache_entry_lost", "The bytes of the entry are damaged in their store");
    if (staged !== undefined && path !== undefined) await rename(staged, path);
  } catch (error) {
    if (staged !== undefined) await rm(staged, { force: true });
    throw error;
  }
}
