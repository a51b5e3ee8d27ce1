// Wraps functions of `node:fs` to notice which paths they read or create.
//
// Node's `--permission-audit` would report reads as well, but breaks native addons, `process.binding()`
// and, in some releases, `lstat()` and asynchronous reads. Noticing must not change the behavior of a
// program.

import fs from "node:fs";
import fsPromises from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileRules, ReadKind } from "./file-rules.ts";

type Anything = (...args: never[]) => unknown;
type Call = (...args: unknown[]) => unknown;

/** The file accesses of a function of `node:fs`, determined from its arguments. */
interface Rule {
  /** Reports the reads of a call to `read`. */
  readonly reads?: (args: readonly unknown[], read: (place: unknown, kind: ReadKind) => void) => void;
  /** Returns the paths created by a successful call. */
  readonly makes?: (args: readonly unknown[], result: unknown) => readonly unknown[];
}

const reading = (kind: ReadKind): Rule => ({ reads: ([path], read) => read(path, kind) });
/** Reads nothing, unless it fails: an error reveals what exists. */
const WRITING: Rule = { makes: () => [] };
/** A copy has the content of its source. */
const COPYING: Rule = { reads: ([from], read) => read(from, "content"), makes: ([, to]) => [to] };
const REMOVING: Rule = { reads: ([path], read) => read(path, "presence"), makes: ([path]) => [path] };

/** By the name of the callback variant; the names of other variants are derived from it. */
const RULES: Readonly<Record<string, Rule>> = {
  access: reading("presence"),
  exists: reading("presence"),
  lstat: reading("presence"),
  stat: reading("presence"),
  statfs: reading("presence"),
  readlink: reading("presence"),
  realpath: {
    ...reading("presence"),
    makes: ([path], result) => (typeof path === "string" ? [[path, result]] : []),
  },
  readFile: reading("content"),
  readdir: reading("listing"),
  opendir: reading("listing"),
  watch: reading("content"),
  watchFile: reading("content"),
  openAsBlob: reading("content"),
  open: {
    reads: ([path, flags], read) => {
      if (isReading(flags)) read(path, "content");
    },
    makes: ([path, flags]) => (isMaking(flags) ? [path] : []),
  },
  writeFile: { makes: ([path, , options]) => (isMaking(flagOf(options, "w")) ? [path] : []) },
  appendFile: WRITING,
  truncate: WRITING,
  chmod: WRITING,
  chown: WRITING,
  utimes: WRITING,
  lutimes: WRITING,
  copyFile: COPYING,
  cp: { ...COPYING, reads: ([from], read) => read(from, isFolder(from) ? "listing" : "content") },
  rename: COPYING,
  link: COPYING,
  symlink: {
    reads: ([target, path], read) => read(linkTarget(target, path), "content"),
    makes: ([, path]) => [path],
  },
  mkdir: { makes: ([path, options], result) => (isSet(options, "recursive") ? [result] : [path]) },
  mkdtemp: { makes: (_, result) => [result] },
  mkdtempDisposable: { makes: (_, result) => [(result as { path?: unknown } | undefined)?.path] },
  rm: {
    // With `force`, it behaves the same whether or not the file exists; without, it reveals it.
    reads: ([path, options], read) => {
      if (!isSet(options, "force")) read(path, "presence");
    },
    makes: ([path]) => [path],
  },
  rmdir: REMOVING,
  unlink: REMOVING,
};

// Captured before it is replaced.
const stat = fs.statSync;

/** Suffix of functions that throw instead of calling back. */
const SYNC = "Sync";

/**
 * Tracks this process's file functions. Functions that were taken from `node:fs` before are not affected.
 */
export function watchFileFunctions(rules: FileRules): void {
  for (const [name, rule] of Object.entries(RULES)) {
    replace(fs, name, rule, rules, name === "openAsBlob" || name.startsWith("watch") ? "plain" : "callback");
    replace(fs, name + SYNC, rule, rules, "sync");
    replace(fsPromises, name, rule, rules, name === "watch" ? "plain" : "promise");
  }
  for (const owner of [fs.realpath, fs.realpathSync]) {
    replace(owner, "native", RULES["realpath"] as Rule, rules, owner === fs.realpath ? "callback" : "sync");
  }
}

type Style = "sync" | "callback" | "promise" | "plain";

function replace(owner: object, name: string, rule: Rule, rules: FileRules, style: Style): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  const replacement = new Proxy(original as Call, {
    apply: function apply(target, self, args: unknown[]): unknown {
      rule.reads?.(args, (place, kind) => rules.read(place, kind, apply));
      if (!rule.makes) return Reflect.apply(target, self, args);
      // Copied now, because a program may modify its array or buffer in the meantime.
      const given = [...args];
      const succeeded = (result: unknown): void => made(rules, rule.makes?.(given, result) ?? []);
      // A failure reveals what exists.
      const failed = (): void => rules.read(given[0], "presence", apply);
      return settle(style, () => Reflect.apply(target, self, args), args, succeeded, failed);
    },
  });
  Reflect.set(owner, name, replacement);
}

function settle(
  style: Style,
  call: () => unknown,
  args: unknown[],
  succeeded: (result: unknown) => void,
  failed: () => void,
): unknown {
  const last = args.length - 1;
  const callback = args[last];
  if (style === "callback" && typeof callback === "function") {
    args[last] = function settled(this: unknown, error: unknown, ...rest: unknown[]): unknown {
      if (error) failed();
      else succeeded(rest[0]);
      return Reflect.apply(callback as Anything, this, [error, ...rest] as never[]);
    };
    return call();
  }
  try {
    const result = call();
    if (style === "sync") succeeded(result);
    if (style !== "promise" || !(result instanceof Promise)) return result;
    return result.then(
      (value: unknown) => {
        succeeded(value);
        return value;
      },
      (error: unknown) => {
        failed();
        throw error;
      },
    );
  } catch (error) {
    failed();
    throw error;
  }
}

/** A pair is a path and its real path: if one belongs to the attempt, so does the other. */
function made(rules: FileRules, places: readonly unknown[]): void {
  for (const place of places) {
    if (!Array.isArray(place)) rules.made(place);
    else if (rules.isMade(place[0])) rules.made(place[1]);
  }
}

function isFolder(place: unknown): boolean {
  try {
    return stat(place as string).isDirectory();
  } catch {
    return false;
  }
}

/** Returns the target of a symbolic link, resolved from the link's folder. */
function linkTarget(target: unknown, path: unknown): unknown {
  if (typeof target !== "string") return target;
  const link = path instanceof URL ? fileURLToPath(path) : path;
  return typeof link === "string" ? resolve(dirname(resolve(link)), target) : target;
}

function isSet(options: unknown, name: "force" | "recursive"): boolean {
  return typeof options === "object" && options !== null && Reflect.get(options, name) === true;
}

function flagOf(options: unknown, fallback: string): unknown {
  if (typeof options !== "object" || options === null) return fallback;
  return (options as { flag?: unknown }).flag ?? fallback;
}

function isReading(flags: unknown): boolean {
  if (typeof flags === "number") {
    const { O_WRONLY, O_RDWR } = fs.constants;
    const mode = flags & (O_WRONLY | O_RDWR);
    return mode !== O_WRONLY && !isMaking(flags);
  }
  return typeof flags !== "string" || !/^[wa]/.test(flags) || (flags.startsWith("a") && flags.includes("+"));
}

/** True if the content of the file afterwards is what the program writes. */
function isMaking(flags: unknown): boolean {
  if (typeof flags === "number") {
    const { O_CREAT, O_EXCL, O_TRUNC } = fs.constants;
    return (flags & O_TRUNC) !== 0 || (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  }
  return typeof flags === "string" && (flags.startsWith("w") || flags.includes("x"));
}
