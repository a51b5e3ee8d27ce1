// Entries of job caches: bytes under a key. Names are rows in the metadata database; the bytes are in a
// byte store, by digest.

import type { Digest } from "./digest.ts";
import { MemodagError } from "./errors.ts";

/** The cache that every run has of its own, in rows and requests. */
export const JOB_CACHE = "";

/** The longest key, in bytes of UTF-8. */
export const LONGEST_ENTRY_KEY_BYTES = 1_024;

/**
 * A reference to the bytes of an entry. It is JSON: a task can return it, and another one can load it. It
 * names neither a run nor a store, so it is the same in every run that saves the same bytes.
 */
export interface EntryRef {
  /** The cache's name in the config; empty for the job cache of the run. */
  readonly cache: string;
  readonly key: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** How long the entries of a cache live, and who shares them. */
export const ENTRY_SCOPES = ["run", "dag", "team"] as const;

/** `run`: each run has its own; `dag`: runs of a Dag share them; `team`: all runs of a team do. */
export type EntryScope = (typeof ENTRY_SCOPES)[number];

const CONTROL = /\p{Cc}/u;

/**
 * Returns a key in its stored form, Unicode normalization form C, so that two spellings of the same name
 * are one entry.
 * @throws MemodagError `entry_key_invalid`
 */
export function checkEntryKey(key: unknown, what = "The key"): string {
  if (typeof key !== "string") throw invalid(what, String(key), "is not a string");
  const normal = key.normalize("NFC");
  const parts = normal.split("/");
  if (normal === "") throw invalid(what, key, "is empty");
  if (!normal.isWellFormed()) throw invalid(what, key, "has a lone surrogate");
  if (CONTROL.test(normal)) throw invalid(what, key, "has a control character");
  if (normal.startsWith("/")) throw invalid(what, key, "starts with a slash");
  if (parts.includes("")) throw invalid(what, key, "has an empty part");
  if (parts.some((part) => part === "." || part === "..")) throw invalid(what, key, 'has a part "." or ".."');
  const sizeBytes = Buffer.byteLength(normal);
  if (sizeBytes > LONGEST_ENTRY_KEY_BYTES)
    throw invalid(what, `${key.slice(0, 40)}…`, `is ${sizeBytes} bytes long`);
  return normal;
}

function invalid(what: string, key: string, problem: string): MemodagError {
  return new MemodagError(
    "entry_key_invalid",
    `${what} ${JSON.stringify(key)} of an entry ${problem}: use parts separated by single slashes, such as ` +
      `"tiles/7/3.png", of at most ${LONGEST_ENTRY_KEY_BYTES} bytes`,
    { fields: { key } },
  );
}

/** Compares keys by their bytes in UTF-8, the order of every listing. */
export function compareEntryKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The entries that a cached task reads by name: one key, or those of a group. */
export interface EntryPattern {
  /** As in {@link EntryRef.cache}. */
  readonly cache: string;
  /** A key; `group/*`: the entries directly in a group; `group/**`: all entries below it. */
  readonly pattern: string;
}

/** How an {@link EntryPattern} selects keys: exactly one, or those that start with a prefix. */
export type EntrySelection =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "group"; readonly prefix: string; readonly isDeep: boolean };

/**
 * Reads a pattern.
 * @throws MemodagError `entry_key_invalid`
 */
export function readEntryPattern(pattern: string): EntrySelection {
  if (pattern === "*" || pattern === "**") return { kind: "group", prefix: "", isDeep: pattern === "**" };
  const group = /^(?<name>.+)\/(?<stars>\*\*?)$/su.exec(pattern)?.groups;
  if (!group) return { kind: "key", key: checkEntryKey(pattern) };
  return { kind: "group", prefix: `${checkEntryKey(group["name"])}/`, isDeep: group["stars"] === "**" };
}

/** True if a selection includes a key. */
export function selectsEntry(selection: EntrySelection, key: string): boolean {
  if (selection.kind === "key") return key === selection.key;
  const { prefix, isDeep } = selection;
  return key.startsWith(prefix) && (isDeep || !key.slice(prefix.length).includes("/"));
}

/** True if everything that `inner` selects is selected by `outer` as well. */
export function coversSelection(outer: EntrySelection, inner: EntrySelection): boolean {
  if (inner.kind === "key") return selectsEntry(outer, inner.key);
  if (outer.kind === "key") return false;
  if (outer.isDeep) return inner.prefix.startsWith(outer.prefix);
  return outer.prefix === inner.prefix && !inner.isDeep;
}

/** The name of entries in keys, reasons and explanations: `jobCache(tiles/*)`, or `aux(dem)` of a named cache. */
export function entryName({ cache, pattern }: EntryPattern): string {
  return `${cache === JOB_CACHE ? "jobCache" : cache}(${pattern})`;
}

/** The entries that a pattern selected when a key was computed. */
export interface EntrySnapshot extends EntryPattern {
  /** By key, in the order of their keys. */
  readonly entries: readonly EntryRef[];
}
