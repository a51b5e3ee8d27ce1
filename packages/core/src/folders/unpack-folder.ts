// Restores a folder from the bytes of an entry. Writes below that folder alone, whatever the bytes are.

import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  badFolder,
  FOLDER_PREFIX_BYTES,
  isFolderBytes,
  readManifest,
  readManifestLength,
} from "./folder-manifest.ts";

const FILE_MODE = 0o666;
const EXECUTABLE_MODE = 0o777;

/** The bytes of an entry, once it is known whether they are a folder. */
export interface OpenedBytes {
  readonly isFolder: boolean;
  /** All of them, including those that were looked at. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Looks at the first bytes of an entry. */
export async function openBytes(chunks: AsyncIterable<Uint8Array>): Promise<OpenedBytes> {
  const source = new ByteSource(chunks);
  const start = await source.peek(FOLDER_PREFIX_BYTES);
  return { isFolder: isFolderBytes(start), chunks: source.rest() };
}

/**
 * Makes a folder that is not there yet. If it fails, part of the folder may be left.
 * @throws MemodagError `entry_invalid` for bytes that are not a folder; what `chunks` fails with
 */
export async function unpackFolder(chunks: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const source = new ByteSource(chunks);
  try {
    await unpack(source, folder);
  } finally {
    await source.close();
  }
}

async function unpack(source: ByteSource, folder: string): Promise<void> {
  const length = readManifestLength(await source.take(FOLDER_PREFIX_BYTES));
  const { files, emptyFolders } = readManifest(await source.take(length));
  // Fails if it is there, so that nothing in it can lead elsewhere.
  await mkdir(folder);
  const made = new Set([folder]);
  const makeFolder = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await makeFolder(dirname(path));
    await mkdir(path);
    made.add(path);
  };
  for (const { path, sizeBytes, isExecutable } of files) {
    const target = join(folder, path);
    await makeFolder(dirname(target));
    const file = await open(target, "wx", isExecutable ? EXECUTABLE_MODE : FILE_MODE);
    try {
      await file.writeFile(source.pieces(sizeBytes));
    } finally {
      await file.close();
    }
  }
  for (const path of emptyFolders) await makeFolder(join(folder, path));
  // To the end, where a stream says whether its bytes are sound.
  for await (const chunk of source.rest())
    if (chunk.length > 0) throw badFolder("bytes follow its last file");
}

/** Takes bytes of a stream piece by piece. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to so many bytes, which stay; fewer at the end. */
  async peek(sizeBytes: number): Promise<Uint8Array> {
    while (this.#held.length < sizeBytes) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    }
    return this.#held.subarray(0, sizeBytes);
  }

  async take(sizeBytes: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = [];
    for await (const piece of this.pieces(sizeBytes)) taken.push(piece);
    return Buffer.concat(taken);
  }

  /** Exactly so many bytes. */
  async *pieces(sizeBytes: number): AsyncGenerator<Uint8Array, void> {
    for (let left = sizeBytes; left > 0;) {
      if (this.#held.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) throw badFolder(`it ends ${left} bytes too early`);
        this.#held = next.value;
      }
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Everything that was not taken. Closes the stream, also where it is not read to its end. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    try {
      if (this.#held.length > 0) yield this.#held;
      this.#held = new Uint8Array();
      for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next())
        yield next.value;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
