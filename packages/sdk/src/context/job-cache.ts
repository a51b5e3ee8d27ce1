// Job caches: bytes under keys, shared between the tasks of a run, or between runs.

import type { EntryRef, JsonValue } from "@memodag/core";

/**
 * The bytes of an entry to save. A string is stored as UTF-8; `file` is the path of a file. `folder` is the path of a
 * folder, which is one entry with everything in it: names, contents and whether a file is executable. Symbolic links in
 * it are refused.
 */
export type EntryValue =
  | Uint8Array
  | string
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly file: string }
  | { readonly folder: string };

/** Options of {@link JobCache.save}. */
export interface SaveOptions {
  /**
   * If true, the entry is visible at once and stays if the attempt fails, such as a checkpoint for the next
   * try. Default: false, and all entries of an attempt become visible together when it has succeeded.
   */
  readonly now?: boolean;
  /**
   * If true, an existing entry is kept and the call fails with `entry_present`. Of several tasks that save
   * the same key, one succeeds. Implies `now`. Default: false.
   */
  readonly ifAbsent?: boolean;
  /**
   * How long the entry lives: seconds, or a string such as `"7d"`; `null`: without limit. Default: without limit in the
   * job cache of the run, and `default_ttl` of a named cache. Entries of a run are removed anyway `keep` of `[job_cache]`
   * after its end.
   */
  readonly ttl?: number | string | null;
}

/**
 * Stores bytes under keys such as `"tiles/7/3.png"`. A group is a place in it: `group("tiles").save("7/3.png", …)` saves
 * the same entry. A key may name an entry and a group at once. Keys are compared in Unicode normalization form C and
 * have at most 1,024 bytes.
 *
 * What a cached task saves is part of its result: a hit restores it. If a cached task loads an entry by a key that
 * `cache.reads` does not list, its result is not stored. Loading by an {@link EntryRef} needs no declaration.
 *
 * @example
 * ```ts
 * const fetchScene = dag.task("fetch_scene", async ({ id }: { id: string }) => {
 *   const { jobCache } = getContext();
 *   const response = await fetch(`https://scenes.example/${id}.tif`);
 *   return await jobCache.save(`scenes/${id}.tif`, response.body!);
 * }, { cache: true });
 *
 * dag.task("measure", async ({ scene }: { scene: EntryRef }) => {
 *   const bytes = await getContext().jobCache.load(scene);
 *   return bytes.length;
 * }, { cache: true });
 * ```
 *
 * Every method may throw a MemodagError: `entry_key_invalid`, `entry_too_large`, `cache_entry_not_found`,
 * `cache_entry_lost` if the bytes are gone from their store, `cache_store_failed` if a store is unreachable,
 * `context_unavailable` after the task has ended.
 */
export interface JobCache {
  /** Returns the place of a group; `"a/b"` is group `b` in group `a`. */
  group(name: string): JobCache;
  /** Saves bytes and returns a reference to them. A stream, a file or a folder is not held in memory. */
  save(key: string, value: EntryValue, options?: SaveOptions): Promise<EntryRef>;
  /** Saves a value as canonical JSON. @throws MemodagError `value_not_json` */
  saveJson(key: string, value: unknown, options?: SaveOptions): Promise<EntryRef>;
  /** Returns the bytes of an entry. @throws MemodagError `cache_entry_not_found` */
  load(entry: string | EntryRef): Promise<Uint8Array>;
  /** Returns the text of an entry. @throws TypeError if it is not UTF-8 */
  loadText(entry: string | EntryRef): Promise<string>;
  /** Returns the JSON value of an entry. `T` is not checked. @throws SyntaxError if it is not JSON */
  loadJson<T = JsonValue>(entry: string | EntryRef): Promise<T>;
  /** Returns the bytes of an entry, or `undefined` if there is none. */
  find(key: string): Promise<Uint8Array | undefined>;
  /** Returns the bytes as a stream, which fails at its end if they are damaged. */
  open(entry: string | EntryRef): Promise<ReadableStream<Uint8Array>>;
  /**
   * Writes the bytes to a file, which is replaced if it exists. An entry that was saved as a folder is restored as one,
   * which may replace an empty folder only. What is written is the task's own: changing it changes nothing in the store.
   */
  download(entry: string | EntryRef, path: string): Promise<void>;
  /** True if there is an entry. Reads no bytes. */
  has(key: string): Promise<boolean>;
  /** Returns a reference to an entry without reading its bytes, or `undefined` if there is none. */
  findRef(key: string): Promise<EntryRef | undefined>;
  /** Removes an entry when the attempt succeeds. Returns false if there is none. */
  delete(key: string): Promise<boolean>;
  /** Lists keys in the order of their UTF-8 bytes, relative to this group; `deep` includes groups below. */
  keys(options?: { readonly deep?: boolean }): AsyncIterable<string>;
  /** Lists the names of the groups in this group, in the same order. */
  groups(): AsyncIterable<string>;
  /** Lists the entries directly in this group with their bytes. */
  items(): AsyncIterable<[key: string, bytes: Uint8Array]>;
}
