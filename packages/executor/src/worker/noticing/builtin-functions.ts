// Notices the use of Node features that cannot be tracked further, such as programs and threads.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { CacheTrust } from "@memodag/core";
import type { EnvironmentView } from "./environment-view.ts";
import type { FileRules } from "./file-rules.ts";
import type { NoticedInputs } from "./noticed-inputs.ts";
import type { PackageFolders } from "./package-folders.ts";
import { findReader } from "./reader.ts";

/** The context of the noticed uses. */
export interface BuiltinSurroundings {
  readonly trust: readonly CacheTrust[];
  readonly environment: EnvironmentView;
  readonly files: FileRules;
  readonly packages: PackageFolders;
  readonly noticed: NoticedInputs;
}

type Call = (...args: unknown[]) => unknown;
type Class = new (...args: unknown[]) => object;
type Before = (args: readonly unknown[], called: Call) => void;

/** Node modules that are implemented by others. */
const BEHIND: Readonly<Record<string, string>> = {
  cluster: "child_process",
  test: "child_process",
  "inspector/promises": "inspector",
};
/** SQL that opens another file. */
const ATTACHING = /\b(?:attach|vacuum\s+into|load_extension|readfile)\b/i;

const isThere = fs.existsSync;

/**
 * Tracks Node modules, each when a program first imports it: loading all of them would cost every worker.
 */
export class BuiltinFunctions {
  readonly #surroundings: BuiltinSurroundings;
  readonly #getModule = process.getBuiltinModule.bind(process) as (name: string) => unknown;
  readonly #watched = new Set<string>();

  constructor(surroundings: BuiltinSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Tracks features that are available without an import. */
  watchProcess(): void {
    const { environment, files } = this.#surroundings;
    watchCalls(process, "getBuiltinModule", ([name]) => {
      if (typeof name === "string") this.watch(name);
    });
    watchCalls(process, "binding", () => this.#note("process.binding"));
    watchCalls(process, "_linkedBinding", () => this.#note("process.binding"));
    watchCalls(process, "execve", () => this.#note("child_process", "child_process"));
    watchCalls(process, "dlopen", ([, path]) => this.#loadAddon(path));
    watchCalls(
      process,
      "loadEnvFile",
      ([path = ".env"], called) => files.read(path, "content", called),
      () => environment.takeAdded(),
    );
    this.#watchReports();
    const clone = globalThis.structuredClone;
    // A proxy cannot be cloned, but its target can.
    globalThis.structuredClone = ((value: unknown, ...rest: [Parameters<typeof structuredClone>[1]?]) =>
      clone(value === environment.env ? { ...environment.env } : value, ...rest)) as typeof clone;
  }

  /** Tracks a Node module, by its name with or without `node:`. */
  watch(specifier: string): void {
    const name = specifier.replace(/^node:/, "");
    const behind = BEHIND[name];
    if (behind !== undefined) this.watch(behind);
    if (this.#watched.has(name)) return;
    this.#watched.add(name);
    const watch = this.#watches[name];
    if (!watch) return;
    const exports = this.#getModule(`node:${name}`);
    // `node:module` is a function.
    if ((typeof exports !== "object" && typeof exports !== "function") || exports === null) return;
    watch(exports as Record<string, unknown>);
    // Other modules may have imported it before this one.
    syncBuiltinESMExports();
  }

  readonly #watches: Readonly<Record<string, (exports: Record<string, unknown>) => void>> = {
    child_process: (exports) => {
      const note = (): void => this.#note("child_process", "child_process");
      for (const name of ["spawnSync", "execFileSync", "execSync"]) watchCalls(exports, name, note);
      watchCalls((exports["ChildProcess"] as Class).prototype, "spawn", note);
    },
    worker_threads: (exports) =>
      watchClass(exports, "Worker", (args) => {
        if (this.#surroundings.trust.includes("worker_threads")) return args;
        this.#note("worker_threads");
        const [file, options = {}] = args as [unknown, { env?: unknown }?];
        // The process's own environment has fewer variables than the task may see.
        return options.env ? args : [file, { ...options, env: this.#surroundings.environment.copy() }];
      }),
    module: (exports) => {
      watchCalls(exports, "register", () => this.#note("worker_threads", "worker_threads"));
      watchCalls(
        exports,
        "findPackageJSON",
        () => undefined,
        (found, called) => {
          if (found === undefined) this.#note("module.findPackageJSON", "file_reads");
          else this.#surroundings.files.read(found, "presence", called);
        },
      );
    },
    // Its streams send files with internal functions, which are reachable only from a connection.
    http2: (exports) => {
      for (const name of ["createServer", "createSecureServer", "performServerHandshake"])
        watchCalls(exports, name, () => this.#note("http2_server", "file_reads"));
    },
    wasi: (exports) =>
      watchClass(exports, "WASI", (args) => {
        this.#note("wasi", "file_reads");
        return args;
      }),
    inspector: (exports) => {
      watchCalls(exports, "open", () => this.#note("inspector"));
      watchCalls((exports["Session"] as Class).prototype, "connect", () => this.#note("inspector"));
    },
    sqlite: (exports) => this.#watchSqlite(exports),
    ffi: (exports) => {
      for (const name of Object.keys(exports))
        watchCalls(exports, name, () => this.#note("addon:ffi", "addons"));
    },
  };

  #watchSqlite(exports: Record<string, unknown>): void {
    const { files, trust } = this.#surroundings;
    const open = (place: unknown, called: Call): void => {
      if (place === ":memory:" || place === "") return;
      const path =
        typeof place === "string" || place instanceof URL ? place : Buffer.from(place as Uint8Array);
      if (isThere(path)) files.read(path, "content", called);
      else files.made(path);
    };
    watchClass(exports, "DatabaseSync", (args, called) => {
      open(args[0], called);
      return args;
    });
    watchCalls(exports, "backup", ([, path], called) => open(path, called));
    const { prototype } = exports["DatabaseSync"] as Class;
    for (const name of ["exec", "prepare"]) {
      watchCalls(prototype, name, ([sql]) => {
        if (ATTACHING.test(String(sql))) this.#note("sqlite_attach", "file_reads");
      });
    }
    watchCalls(prototype, "loadExtension", ([path]) => {
      if (!trust.includes("addons")) this.#surroundings.noticed.add(`addon:${files.nameOf(String(path))}`);
    });
  }

  /** A report contains the environment, the machine and more. Packages use it to find the C library. */
  #watchReports(): void {
    const { packages } = this.#surroundings;
    const descriptor = Object.getOwnPropertyDescriptor(process, "report");
    if (!descriptor?.configurable) return;
    const note = (_args: unknown, called: Call): void => {
      if (findReader(packages, called).packageName === null) this.#note("process.report");
    };
    let isWatched = false;
    Object.defineProperty(process, "report", {
      configurable: true,
      enumerable: descriptor.enumerable ?? true,
      get(): unknown {
        const report = descriptor.get
          ? (Reflect.apply(descriptor.get, process, []) as object)
          : descriptor.value;
        if (!isWatched)
          for (const name of ["getReport", "writeReport"]) watchCalls(report as object, name, note);
        isWatched = true;
        return report;
      },
    });
  }

  /** Installed addons are covered by their packages; others are not. */
  #loadAddon(path: unknown): void {
    const { files, trust, noticed } = this.#surroundings;
    if (typeof path !== "string" || trust.includes("addons") || files.isInstalled(path)) return;
    noticed.add(`addon:${files.nameOf(path)}`);
  }

  #note(name: string, trust?: CacheTrust): void {
    const { trust: trusted, noticed } = this.#surroundings;
    if (trust === undefined || !trusted.includes(trust)) noticed.add(name);
  }
}

function watchCalls(
  owner: object,
  name: string,
  before: Before,
  after: (result: unknown, called: Call) => void = () => undefined,
): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  Reflect.set(
    owner,
    name,
    new Proxy(original as Call, {
      apply: function apply(target, self, args: unknown[]): unknown {
        before(args, apply as Call);
        const result = Reflect.apply(target, self, args);
        after(result, apply as Call);
        return result;
      },
    }),
  );
}

function watchClass(
  owner: object,
  name: string,
  before: (args: readonly unknown[], called: Call) => readonly unknown[],
): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  const watched: Class = new Proxy(original as Class, {
    construct: function construct(target, args: unknown[], derived): object {
      const given = before(args, construct as Call);
      return Reflect.construct(target, [...given], derived === watched ? target : derived) as object;
    },
  });
  Reflect.set(owner, name, watched);
}
