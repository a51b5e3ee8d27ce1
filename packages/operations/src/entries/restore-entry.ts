// Writes an entry of a run's job cache to the disk: a file, or the folder that was saved.

import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { MemodagError, nameFileFault } from "@memodag/core";
import { openBytes, unpackFolder } from "@memodag/core/folders";
import type { OperationContext } from "../context.ts";
import type { EntryReport } from "./list-entries.ts";
import { readEntry, type EntryName, type ReadEntry } from "./read-entry.ts";

/** Names an entry, and the file or folder to write. */
export interface RestoreEntryInput extends EntryName {
  /** There must be nothing yet. It appears when all of it is written. */
  readonly path: string;
}

/**
 * Writes an entry.
 * @throws MemodagError like `readEntry`; `usage` if the path exists or its folder does not; `cache_entry_lost` if the
 *   bytes are damaged; `disk_failed`
 */
export async function restoreEntry(
  context: OperationContext,
  { path, ...name }: RestoreEntryInput,
): Promise<EntryReport> {
  const target = resolve(path);
  if (existsSync(target)) throw usage(`${path} exists: name a new file or folder, or remove it`, path);
  if (!existsSync(dirname(target)))
    throw usage(`The folder ${dirname(target)} does not exist: create it`, path);
  const read = await readEntry(context, name);
  const staged = join(dirname(target), `.memodag-${randomUUID()}`);
  try {
    const { isFolder, chunks } = await openBytes(checkedBytes(read));
    if (isFolder) await unpackFolder(chunks, staged);
    else await writeFile(staged, chunks, { flag: "wx" });
    await rename(staged, target);
  } catch (error) {
    await rm(staged, { recursive: true, force: true });
    throw nameFileFault(error, { what: `the entry ${JSON.stringify(name.key)}`, path: target });
  }
  return read.entry;
}

/**
 * The bytes of an entry.
 * @throws MemodagError `cache_entry_lost` after the last one if they have another digest
 */
export async function* checkedBytes({ bytes, entry }: ReadEntry): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") === entry.digest) return;
  throw new MemodagError(
    "cache_entry_lost",
    `The bytes of the entry ${JSON.stringify(entry.key)} are damaged in the store "${entry.store}": ` +
      `clear ${entry.producer.taskId} in the run, so that it saves them again`,
    { fields: { key: entry.key, digest: entry.digest } },
  );
}

function usage(message: string, path: string): MemodagError {
  return new MemodagError("usage", message, { fields: { path } });
}
