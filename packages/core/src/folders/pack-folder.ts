// Reads a folder as one stream of bytes: the same bytes for the same names, contents and executable files, whatever
// order the file system lists them in and whenever they were written.

import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { MemodagError } from "../errors.ts";
import { folderHeader, type FolderFile, type FolderManifest } from "./folder-manifest.ts";

/** A folder to save. */
export interface PackedFolder {
  readonly sizeBytes: number;
  /**
   * Reads all bytes from the beginning; may be called again.
   * @throws MemodagError `entry_invalid` if a file has another size by now
   */
  read(): AsyncGenerator<Uint8Array, void>;
}

const CHUNK_BYTES = 2 ** 20;

const OWNER_MAY_EXECUTE = 0o100;

/**
 * Lists a folder. The contents of its files are read later.
 * @throws MemodagError `entry_invalid` for anything but files and folders, and for names that are not UTF-8
 */
export async function packFolder(folder: string): Promise<PackedFolder> {
  const manifest = await listFolder(folder);
  const header = folderHeader(manifest);
  const sizeBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, header.length);
  return { sizeBytes, read: () => readAll(folder, header, manifest.files) };
}

async function* readAll(
  folder: string,
  header: Uint8Array,
  files: readonly FolderFile[],
): AsyncGenerator<Uint8Array, void> {
  yield header;
  for (const { path, sizeBytes } of files) {
    let read = 0;
    if (sizeBytes > 0) {
      // One byte more than it had, to notice that it has grown.
      const source = createReadStream(join(folder, path), { highWaterMark: CHUNK_BYTES, end: sizeBytes });
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        read += chunk.length;
        if (read <= sizeBytes) yield chunk;
      }
    }
    if (read !== sizeBytes) throw refused(folder, path, "was written while it was saved", "await its writer");
  }
}

/**
 * Lists a folder.
 * @throws MemodagError `entry_invalid` for anything but files and folders, and for names that are not UTF-8
 */
export async function listFolder(folder: string): Promise<FolderManifest> {
  const files: FolderFile[] = [];
  const emptyFolders: string[] = [];
  const visit = async (below: string): Promise<void> => {
    // As bytes: a name that is not UTF-8 would come back as another one.
    const members = await readdir(join(folder, below), { withFileTypes: true, encoding: "buffer" });
    if (members.length === 0 && below !== "") emptyFolders.push(below);
    for (const member of members) {
      const name = member.name.toString();
      const path = below === "" ? name : `${below}/${name}`;
      if (!Buffer.from(name).equals(member.name))
        throw refused(folder, path, "has a name that is not UTF-8", "rename it");
      if (member.isDirectory()) {
        await visit(path);
      } else if (member.isFile()) {
        const { size, mode } = await stat(join(folder, path));
        files.push({ path, sizeBytes: size, isExecutable: (mode & OWNER_MAY_EXECUTE) !== 0 });
      } else if (member.isSymbolicLink()) {
        throw refused(
          folder,
          path,
          "is a symbolic link",
          "replace it by what it links to, such as with cp -L",
        );
      } else {
        throw refused(folder, path, "is neither a file nor a folder", "remove it");
      }
    }
  };
  await visit("");
  return { files: inOrder(files, ({ path }) => path), emptyFolders: inOrder(emptyFolders, (path) => path) };
}

/** By UTF-8 bytes. */
function inOrder<T>(items: readonly T[], pathOf: (item: T) => string): T[] {
  const keyed = items.map((item) => [Buffer.from(pathOf(item)), item] as const);
  return keyed.sort(([a], [b]) => Buffer.compare(a, b)).map(([, item]) => item);
}

function refused(folder: string, path: string, problem: string, fix: string): MemodagError {
  return new MemodagError(
    "entry_invalid",
    `The folder ${folder} cannot be saved as an entry, because ${JSON.stringify(path)} ${problem}: ${fix}`,
    { fields: { folder, path } },
  );
}
