// The `entries` option of a command: which entries it gets as files, and what of its files is saved as entries.

import {
  JOB_CACHE,
  checkEntryKey,
  messageOf,
  readEntryPattern,
  type CommandEntrySource,
  type EntryPattern,
  type EntryRef,
  type SerializedCommandEntries,
} from "@memodag/core";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";

/**
 * Where a file or folder of a command comes from.
 *
 * - A key of the run's job cache, such as `"grid"`: a file, or a folder if a folder was saved.
 * - A group, `"tiles/*"` or `"tiles/**"` (with the groups below): a folder with its entries.
 * - `{ argument: "scene" }`: what the argument refers to. An `EntryRef` is a file or folder; a list is a folder
 *   with `0`, `1`, …; an object is a folder with a member for each property, whose name may be a path.
 */
export type CommandInput = string | { readonly argument: string };

/** Files that a command finds before it starts. */
export interface CommandInputs {
  /** By path in the folder `$MEMODAG_ENTRIES_IN`. */
  readonly in?: Readonly<Record<string, CommandInput>>;
}

/**
 * Files that a command leaves. By path in the folder `$MEMODAG_ENTRIES_OUT`, the key under which the file or folder
 * is saved as one entry; with a key that ends with a slash, such as `"tiles/"`, each file of the folder is an entry
 * in that group. `"tiles/"` in place of the object does so with everything in `$MEMODAG_ENTRIES_OUT`.
 */
export type CommandOutputs = string | Readonly<Record<string, string>>;

/** Option of a command that saves entries; see {@link CommandOutputs}. */
export interface SavesEntries {
  readonly entries: CommandInputs & { readonly out: CommandOutputs };
}

/** The result of a command that saves entries. */
export interface SavedResult<Result> {
  /** By path in `$MEMODAG_ENTRIES_OUT`: as declared, or of each file where the key ends with a slash. */
  readonly entries: Readonly<Record<string, EntryRef>>;
  /** The JSON that the program wrote to `$MEMODAG_RESULT`. */
  readonly result: Result;
}

/** The path that stands for the whole of `$MEMODAG_ENTRIES_OUT`. */
const EVERYTHING = ".";

const KEY_FIX = 'use a key such as "model", or a group such as "tiles/"';

/** Reads the option. Returns `undefined` if it is absent or empty. */
export function readCommandEntries(
  place: FaultPlace,
  options: OptionReader,
): SerializedCommandEntries | undefined {
  const value = options.get("entries");
  if (value === undefined) return undefined;
  const reader = new OptionReader(place, "entries.", value, ["in", "out"]);
  const entries = { in: readInputs(reader), out: readOutputs(reader) };
  return entries.in.length + entries.out.length > 0 ? entries : undefined;
}

function readInputs(reader: OptionReader): SerializedCommandEntries["in"] {
  const value = reader.get("in") ?? {};
  if (!isPlainObject(value))
    throw reader.wrong("in", value, 'use an object of files, such as { "grid.npy": "grid" }');
  const inputs = Object.keys(value).map(
    (path) => [readPath(reader, "in", path), readSource(reader, path, value[path])] as const,
  );
  return inOrder(reader, "in", inputs);
}

function readSource(reader: OptionReader, path: string, value: unknown): CommandEntrySource {
  if (isPlainObject(value)) {
    const { argument, ...others } = value;
    if (typeof argument === "string" && argument !== "" && Object.keys(others).length === 0)
      return { kind: "argument", name: argument };
  }
  const fix = 'use a key or group of the job cache, such as "grid" or "tiles/*", or { argument: "scene" }';
  if (typeof value !== "string") throw reader.wrong(`in[${show(path)}]`, value, fix);
  try {
    readEntryPattern(value);
  } catch (error) {
    throw reader.fault(`in[${show(path)}]`, { problem: `names ${show(value)} (${messageOf(error)})`, fix });
  }
  return { kind: "entries", pattern: value.normalize("NFC") };
}

function readOutputs(reader: OptionReader): SerializedCommandEntries["out"] {
  const value = reader.get("out") ?? {};
  if (typeof value === "string") {
    if (value.endsWith("/")) return [[EVERYTHING, readKey(reader, value)]];
    const problem = `is ${show(value)}, which does not end with a slash`;
    const fix = 'use a group such as "tiles/", or name the file or folder, such as { "model.bin": "model" }';
    throw reader.fault("out", { problem, fix });
  }
  if (!isPlainObject(value))
    throw reader.wrong(
      "out",
      value,
      'use a group such as "tiles/", or an object such as { "model.bin": "model" }',
    );
  const outputs = Object.keys(value).map(
    (path) => [readPath(reader, "out", path), readKey(reader, value[path])] as const,
  );
  const keys = outputs.map(([, key]) => key);
  const twice = keys.find((key, at) => keys.indexOf(key) < at);
  if (twice === undefined) return inOrder(reader, "out", outputs);
  throw reader.fault("out", { problem: `saves ${show(twice)} twice`, fix: "use a key of its own for each" });
}

function readKey(reader: OptionReader, key: unknown): string {
  if (typeof key !== "string") throw reader.wrong("out", key, KEY_FIX);
  try {
    return key.endsWith("/") ? `${checkEntryKey(key.slice(0, -1))}/` : checkEntryKey(key);
  } catch (error) {
    throw reader.fault("out", { problem: `saves to ${show(key)} (${messageOf(error)})`, fix: KEY_FIX });
  }
}

function readPath(reader: OptionReader, option: string, path: string): string {
  try {
    checkEntryKey(path, "The path");
    return path;
  } catch (error) {
    const fix = 'use a path inside of the folder, such as "data/grid.npy"';
    throw reader.fault(option, { problem: `has the path ${show(path)} (${messageOf(error)})`, fix });
  }
}

/** Sorted by path; no file is in the place of a folder of another. */
function inOrder<T>(
  reader: OptionReader,
  option: string,
  files: readonly (readonly [path: string, T])[],
): (readonly [path: string, T])[] {
  const sorted = files.toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [path] of sorted) {
    const inside = sorted.find(([other]) => other.startsWith(`${path}/`));
    if (inside) {
      throw reader.fault(option, {
        problem: `has the path ${show(path)} and, inside of it, ${show(inside[0])}`,
        fix: "use paths that do not contain each other",
      });
    }
  }
  return sorted;
}

/** Entries that a command reads by name, which are part of its key. */
export function entriesReadBy(entries: SerializedCommandEntries | undefined): EntryPattern[] {
  return (entries?.in ?? []).flatMap(([, source]) =>
    source.kind === "entries" ? [{ cache: JOB_CACHE, pattern: source.pattern }] : [],
  );
}

/** Names of the arguments that a command gets as files. */
export function argumentsReadBy(entries: SerializedCommandEntries | undefined): string[] {
  return (entries?.in ?? []).flatMap(([, source]) => (source.kind === "argument" ? [source.name] : []));
}
