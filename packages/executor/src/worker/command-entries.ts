// The files of a command that are entries of the job cache: puts those that it gets in their places, and saves those
// that it leaves. Nothing is read from a store before a command is about to run.

import { lstat, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  checkEntryKey,
  chunksOf,
  MemodagError,
  OWN_FOLDER_MODE,
  readEntryPattern,
  type EntryRef,
  type EntrySelection,
  type JsonValue,
  type SerializedCommandEntries,
} from "@memodag/core";
import { listFolder } from "@memodag/core/folders";
import type { EntryValue, JobCache } from "@memodag/sdk";

/** Entries that are moved at a time. */
const MOST_AT_ONCE = 4;

/** The longest name of a file on the usual file systems, in bytes. */
const LONGEST_NAME_BYTES = 255;

/** The folders in which a command finds and leaves files. */
export interface EntryFolders {
  readonly in: string;
  readonly out: string;
}

/** A file to write, and the entry that it is. */
type Placement = readonly [path: string, entry: string | EntryRef];

/**
 * Writes the entries that a command gets.
 * @throws MemodagError `cache_entry_not_found`, `cache_entry_lost`, `cache_store_failed`, `disk_failed`; `entry_invalid`
 *   for an argument that is no reference, and for keys that cannot be files of one folder
 */
export async function bringIn(
  { in: inputs }: SerializedCommandEntries,
  folder: string,
  jobCache: JobCache,
  args: Readonly<Record<string, JsonValue>>,
  signal: AbortSignal,
): Promise<void> {
  const placements: Placement[] = [];
  const folders = ["."];
  for (const [path, source] of inputs) {
    if (source.kind === "argument") {
      const what = `The argument ${JSON.stringify(source.name)}`;
      placeArgument(args[source.name] ?? null, path, what, placements, folders);
      continue;
    }
    const selection = readEntryPattern(source.pattern);
    if (selection.kind === "key") {
      placements.push([path, selection.key]);
      continue;
    }
    folders.push(path);
    const keys = await listKeys(jobCache, selection);
    requireFiles(keys, `The group ${JSON.stringify(source.pattern)}`);
    for (const key of keys) placements.push([join(path, key), selection.prefix + key]);
  }
  for (const path of new Set([...folders, ...placements.map(([each]) => dirname(each))]))
    await mkdir(join(folder, path), { recursive: true, mode: OWN_FOLDER_MODE });
  await eachOf(placements, signal, ([path, entry]) => jobCache.download(entry, join(folder, path)));
}

async function listKeys(jobCache: JobCache, { prefix, isDeep }: GroupSelection): Promise<string[]> {
  const group = prefix === "" ? jobCache : jobCache.group(prefix.slice(0, -1));
  const keys: string[] = [];
  for await (const key of group.keys({ deep: isDeep })) keys.push(key);
  return keys;
}

type GroupSelection = Extract<EntrySelection, { kind: "group" }>;

function placeArgument(
  value: JsonValue,
  path: string,
  what: string,
  placements: Placement[],
  folders: string[],
): void {
  if (isRef(value)) {
    placements.push([path, value]);
    return;
  }
  if (typeof value !== "object" || value === null) {
    throw new MemodagError(
      "entry_invalid",
      `${what} is ${JSON.stringify(value)}, and entries.in has it as a file: pass a reference to an entry, such as the ` +
        "result of save(), or a list or object of references",
      { fields: { path } },
    );
  }
  folders.push(path);
  const members = Object.entries(value);
  if (!Array.isArray(value))
    requireFiles(
      members.map(([name]) => checkEntryKey(name, "The path")),
      what,
    );
  for (const [name, member] of members) {
    // An instance of a mapped task that has no result.
    if (member !== null)
      placeArgument(member, join(path, name), `${what}[${JSON.stringify(name)}]`, placements, folders);
  }
}

const DIGEST = /^[0-9a-f]{64}$/;

function isRef(value: JsonValue): value is JsonValue & EntryRef {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { cache, key, digest, sizeBytes } = value as Record<string, JsonValue>;
  const isNamed = typeof cache === "string" && typeof key === "string";
  return isNamed && typeof digest === "string" && DIGEST.test(digest) && Number.isSafeInteger(sizeBytes);
}

/** A key may be an entry and a group at once, and longer than the name of a file. */
function requireFiles(keys: readonly string[], what: string): void {
  const files = new Set(keys);
  for (const key of keys) {
    const parts = key.split("/");
    const long = parts.find((part) => Buffer.byteLength(part) > LONGEST_NAME_BYTES);
    if (long !== undefined)
      throw notFiles(what, `${JSON.stringify(`${long.slice(0, 40)}…`)} is longer than the name of a file`);
    for (let count = 1; count < parts.length; count += 1) {
      const parent = parts.slice(0, count).join("/");
      if (files.has(parent)) throw notFiles(what, `${JSON.stringify(parent)} is an entry and a group`);
    }
  }
}

function notFiles(what: string, problem: string): MemodagError {
  return new MemodagError(
    "entry_invalid",
    `${what} cannot be files of one folder, because ${problem}: save it under another key`,
  );
}

/**
 * Saves what a command left. The references are by path, in the order of their paths.
 * @throws MemodagError `entry_invalid` for a file or folder that is missing, or cannot be saved; what saving fails with
 */
export async function saveOut(
  { out }: SerializedCommandEntries,
  folder: string,
  jobCache: JobCache,
  signal: AbortSignal,
): Promise<Record<string, EntryRef>> {
  const outputs: { readonly path: string; readonly key: string; readonly value: EntryValue }[] = [];
  for (const [path, key] of out) {
    const source = join(folder, path);
    const kind = await kindOf(source, path);
    if (!key.endsWith("/")) {
      outputs.push({ path, key, value: kind === "file" ? { file: source } : { folder: source } });
      continue;
    }
    if (kind === "file")
      throw wrongOutput(path, `is a file, and ${JSON.stringify(key)} is a group of entries`);
    for (const { path: inside } of (await listFolder(source)).files) {
      const name = join(path, inside);
      outputs.push({ path: name, key: checkEntryKey(key + inside), value: { file: join(source, inside) } });
    }
  }
  refuseSameKey(outputs);
  const refs = new Map<string, EntryRef>();
  await eachOf(outputs, signal, async ({ path, key, value }) => {
    refs.set(path, await jobCache.save(key, value));
  });
  // As own properties, whatever a file is called.
  return Object.fromEntries(outputs.map(({ path }) => [path, refs.get(path) as EntryRef]));
}

async function kindOf(source: string, path: string): Promise<"file" | "folder"> {
  const found = await lstat(source).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw wrongOutput(path, "is not there");
    throw error;
  });
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "folder";
  throw wrongOutput(path, found.isSymbolicLink() ? "is a symbolic link" : "is neither a file nor a folder");
}

function wrongOutput(path: string, problem: string): MemodagError {
  return new MemodagError(
    "entry_invalid",
    `${JSON.stringify(path)} in $MEMODAG_ENTRIES_OUT ${problem} after the command has ended: have the command write what ` +
      "entries.out declares",
    { fields: { path } },
  );
}

/** Names that differ in their Unicode normal form alone are one key. */
function refuseSameKey(outputs: readonly { readonly path: string; readonly key: string }[]): void {
  const byKey = new Map<string, string>();
  for (const { path, key } of outputs) {
    const other = byKey.get(key);
    if (other !== undefined)
      throw wrongOutput(
        path,
        `would be saved under the key of ${JSON.stringify(other)}, ${JSON.stringify(key)},`,
      );
    byKey.set(key, path);
  }
}

async function eachOf<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (const some of chunksOf(items, MOST_AT_ONCE)) {
    signal.throwIfAborted();
    await Promise.all(some.map(work));
  }
}
