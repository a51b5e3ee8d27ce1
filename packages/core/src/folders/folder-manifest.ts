// The form in which a folder is one entry: a manifest, and then the bytes of its files one after the other.
//
// A cache key has the digest of an entry and nothing else of it, so what an entry is restored to depends on its bytes
// alone: they say themselves that they are a folder. Any task may save such bytes, so a manifest is not trusted.

import { MemodagError, messageOf } from "../errors.ts";
import { canonicalBytes } from "../json/canonical-json.ts";

/** A file of a folder. */
export interface FolderFile {
  /** Relative to the folder, with forward slashes, exactly as the file system has it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** True if its owner may execute it. Nothing else of its mode is kept. */
  readonly isExecutable: boolean;
}

/** The contents of a folder. Both lists are in the order of the paths' UTF-8 bytes. */
export interface FolderManifest {
  readonly files: readonly FolderFile[];
  /** Folders with nothing in them. All others follow from the files. */
  readonly emptyFolders: readonly string[];
}

/** The bytes that a folder begins with. */
const MAGIC = Buffer.from("memodag folder 1\n");

/** Digits of the manifest's length, and a line feed. */
const LENGTH_BYTES = 11;

/** The number of bytes before the manifest. */
export const FOLDER_PREFIX_BYTES: number = MAGIC.length + LENGTH_BYTES;

/** The longest manifest: some hundred thousand files. */
const LONGEST_MANIFEST_BYTES = 64 * 2 ** 20;

/** True if an entry that begins with these bytes is a folder. Needs the first {@link FOLDER_PREFIX_BYTES} of them. */
export function isFolderBytes(start: Uint8Array): boolean {
  return MAGIC.equals(start.subarray(0, MAGIC.length));
}

/**
 * Returns everything before the bytes of the files.
 * @throws MemodagError `entry_invalid` if there are too many files
 */
export function folderHeader(manifest: FolderManifest): Uint8Array {
  const text = canonicalBytes(manifest);
  if (text.length > LONGEST_MANIFEST_BYTES) {
    throw new MemodagError(
      "entry_invalid",
      `A folder of ${manifest.files.length} files is too large for one entry: save its subfolders as entries of their own`,
      { fields: { files: manifest.files.length } },
    );
  }
  const length = Buffer.from(`${String(text.length).padStart(LENGTH_BYTES - 1, "0")}\n`);
  return Buffer.concat([MAGIC, length, text]);
}

/**
 * Returns the length of the manifest that follows the first {@link FOLDER_PREFIX_BYTES} bytes of a folder.
 * @throws MemodagError `entry_invalid`
 */
export function readManifestLength(prefix: Uint8Array): number {
  const digits = Buffer.from(prefix.subarray(MAGIC.length)).toString("latin1");
  const length = /^\d{10}\n$/.test(digits) ? Number(digits.slice(0, -1)) : Number.NaN;
  if (isFolderBytes(prefix) && length <= LONGEST_MANIFEST_BYTES) return length;
  throw badFolder("its first bytes are not those of a folder");
}

/**
 * Reads a manifest. Its paths are those of different files and folders below the one that it is restored to.
 * @throws MemodagError `entry_invalid`
 */
export function readManifest(bytes: Uint8Array): FolderManifest {
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw badFolder(`its manifest is not JSON (${messageOf(error)})`);
  }
  const { files, emptyFolders } = (said ?? {}) as Record<string, unknown>;
  if (!Array.isArray(files) || !Array.isArray(emptyFolders)) throw badFolder("its manifest lists no files");
  const manifest = { files: files.map(readFile), emptyFolders: emptyFolders.map(readPath) };
  requireApart([...manifest.files.map(({ path }) => path), ...manifest.emptyFolders]);
  return manifest;
}

function readFile(value: unknown): FolderFile {
  const { path, sizeBytes, isExecutable } = (value ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(sizeBytes) || (sizeBytes as number) < 0 || typeof isExecutable !== "boolean")
    throw badFolder(`the file ${JSON.stringify(path)} has no size or mode`);
  return { path: readPath(path), sizeBytes: sizeBytes as number, isExecutable };
}

function readPath(path: unknown): string {
  if (typeof path === "string" && isInside(path)) return path;
  throw badFolder(`the path ${JSON.stringify(path)} is not one inside the folder`);
}

function isInside(path: string): boolean {
  if (!path.isWellFormed() || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** No path is there twice, and none of a file or an empty folder is a folder of another. */
function requireApart(paths: readonly string[]): void {
  const leaves = new Set(paths);
  if (leaves.size < paths.length) throw badFolder("a path is in its manifest twice");
  for (const path of paths) {
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (leaves.has(parent)) throw badFolder(`${JSON.stringify(parent)} is a file and a folder`);
    }
  }
}

/** The error for bytes that begin as those of a folder and are not. */
export function badFolder(problem: string): MemodagError {
  return new MemodagError(
    "entry_invalid",
    `The entry begins as a folder does, and cannot be restored as one, because ${problem}: ` +
      "save the folder itself, with { folder: path }",
  );
}
