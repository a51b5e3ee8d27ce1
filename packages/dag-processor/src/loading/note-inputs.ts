// Records the files and variables that a Dag file reads while it is loaded. They are inputs of the Dag.

import fs from "node:fs";
import nodeModule, { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { digestInput, digestVariable } from "@memodag/artifact";
import type { Digest } from "@memodag/core";

/** The reads, with the content at that time. */
export interface NotedInputs {
  /** By absolute path, including listed folders and missing files. */
  readonly files: readonly (readonly [path: string, digest: Digest | null])[];
  /** By name; `*` stands for the set of names. */
  readonly env: readonly (readonly [name: string, digest: Digest | null])[];
  /** True if the file's own code listed all variables, not only a package. */
  readonly listsAll: boolean;
  /** Paths that were written to, or that changed, between being read and now. */
  readonly changed: readonly string[];
}

/** Functions of `node:fs` whose first argument is a path to read, in all their variants. */
const READING = [
  "access",
  "copyFile",
  "exists",
  "lstat",
  "open",
  "openAsBlob",
  "readFile",
  "readlink",
  "realpath",
  "stat",
];
/** Those that list a folder. */
const LISTING = ["readdir", "opendir", "cp"];
/** The system's virtual files are not inputs. */
const SYSTEM_VIEW = /^\/(?:proc|sys|dev)(?:\/|$)/;
/**
 * A package that a task uses is covered as a whole; one whose file the author's code reads by path may
 * not be used.
 */
const IN_PACKAGE = /[\\/]node_modules[\\/]/;
type Reader = (...args: unknown[]) => unknown;
type Api = Record<string, unknown>;

/** Decides which reads are not those of the Dag file. */
export interface NotingRules {
  /** URL of the artifact: reads from there are by the author's own code. */
  readonly artifactUrl: string;
  /** True for a file of this process's own code. */
  readonly isOwnCode: (path: string) => boolean;
}

/** Records reads from its creation on. */
export class InputNotes {
  readonly #rules: NotingRules;
  readonly #files = new Map<string, Digest | null>();
  readonly #variables = new Map<string, Digest | null>();
  readonly #environment: NodeJS.ProcessEnv;
  #isNoting = true;
  #isOwnRead = false;
  #listsAll = false;
  /** Names that a listing is about to look up, last first. */
  #listed: string[] = [];

  constructor(rules: NotingRules) {
    this.#rules = rules;
    this.#environment = { ...process.env };
    for (const api of [fs, fs.promises] as unknown as Api[]) {
      for (const name of READING) this.#wrapAll(api, name, "");
      for (const name of LISTING) this.#wrapAll(api, name, "/");
    }
    this.#wrapFindPackageJson();
    syncBuiltinESMExports();
    process.env = this.#watchEnvironment(process.env);
  }

  /** Stops recording. */
  stop(): void {
    this.#isNoting = false;
  }

  /** Returns everything that was read until recording stopped. */
  list(): NotedInputs {
    const files = [...this.#files].sort(byName);
    const changed = files.filter(([path, digest]) => digestInput(path) !== digest).map(([path]) => path);
    return { files, env: [...this.#variables].sort(byName), listsAll: this.#listsAll, changed };
  }

  #wrapAll(api: Api, name: string, ending: "" | "/"): void {
    this.#wrap(api, name, ending);
    this.#wrap(api, `${name}Sync`, ending);
  }

  #wrap(api: Api, name: string, ending: "" | "/"): void {
    const original = api[name];
    if (typeof original !== "function") return;
    const note = (path: unknown): void => this.#noteFile(path, ending);
    const wrapped = function (this: unknown, ...args: unknown[]): unknown {
      if (!name.startsWith("open") || !opensToWrite(args[1])) note(args[0]);
      return Reflect.apply(original as Reader, this, args);
    };
    // Keeps `realpath.native`, the symbol that `promisify` uses, and the name, so that it looks like the
    // original.
    for (const key of Reflect.ownKeys(original)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(original, key);
      if (descriptor) Reflect.defineProperty(wrapped, key, descriptor);
    }
    api[name] = wrapped;
  }

  /** It reads files without a function of `node:fs`. */
  #wrapFindPackageJson(): void {
    const original = nodeModule.findPackageJSON;
    nodeModule.findPackageJSON = (...args) => {
      const found = original(...args);
      if (found !== undefined) this.#noteFile(found, "");
      return found;
    };
  }

  #noteFile(given: unknown, ending: "" | "/"): void {
    if (!this.#isNoting || this.#isOwnRead) return;
    const path = absolutePath(given);
    if (path === null || SYSTEM_VIEW.test(path) || this.#rules.isOwnCode(path)) return;
    if (this.#files.has(path + ending)) return;
    if (IN_PACKAGE.test(path) && findReader() !== this.#rules.artifactUrl) return;
    // Its digest is computed with the functions that are watched.
    this.#isOwnRead = true;
    this.#files.set(path + ending, digestInput(path + ending));
    this.#isOwnRead = false;
  }

  #watchEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const note = (name: string | symbol): void => {
      if (typeof name === "string") this.#noteVariable(name);
    };
    return new Proxy(env, {
      get(target, name) {
        note(name);
        return Reflect.get(target, name) as unknown;
      },
      has(target, name) {
        note(name);
        return Reflect.has(target, name);
      },
      getOwnPropertyDescriptor: (target, name) => {
        // Listing the names checks whether each is enumerable; that is not a read of its value.
        if (this.#listed.at(-1) === name) this.#listed.pop();
        else note(name);
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
      ownKeys: (target) => {
        const names = Reflect.ownKeys(target);
        this.#noteVariable("*");
        this.#listed = names.filter((name) => typeof name === "string").toReversed();
        return names;
      },
    });
  }

  /** Records the initial value: what the file itself sets does not count. */
  #noteVariable(name: string): void {
    if (!this.#isNoting || (name !== "*" && this.#variables.has(name))) return;
    const reader = findReader();
    if (reader === undefined || reader.startsWith("node:")) return;
    if (name === "*" && reader === this.#rules.artifactUrl) this.#listsAll = true;
    this.#variables.set(name, digestVariable(this.#environment, name));
  }
}

function absolutePath(given: unknown): string | null {
  try {
    if (typeof given === "string") return resolve(given.startsWith("file:") ? fileURLToPath(given) : given);
    if (given instanceof URL) return given.protocol === "file:" ? fileURLToPath(given) : null;
    if (given instanceof Uint8Array) return resolve(Buffer.from(given).toString());
  } catch {
    // Not a path that could be read.
  }
  return null;
}

/** True for flags of `open` that do not allow reading. */
function opensToWrite(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & 3) === fs.constants.O_WRONLY;
  return typeof flags === "string" && /^[wa](?!.*\+)/.test(flags);
}

/**
 * Returns the file that reads: the nearest caller other than this one. Node itself passes the environment
 * to children.
 */
function findReader(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 12;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName());
    const trace: { stack?: unknown } = {};
    Error.captureStackTrace(trace, findReader);
    const files = trace.stack as (string | null | undefined)[];
    return files.find((file) => typeof file === "string" && file !== import.meta.url) ?? undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
