// Writes bytes to standard output.

import { once } from "node:events";
import { MemodagError } from "@memodag/core";
import { openBytes } from "@memodag/core/folders";
import { stdout } from "./standard-streams.ts";

/** @throws MemodagError `usage` for the bytes of a folder; errors of the bytes */
export async function printBytes(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const { isFolder, chunks } = await openBytes(bytes);
  if (isFolder)
    throw new MemodagError("usage", "The entry is a folder: say where to restore it with --output");
  const stream = stdout.stream();
  for await (const chunk of chunks) if (!stream.write(chunk)) await once(stream, "drain");
}
