// Makes a project: a config, a Dag and its test. Adds to what is there, and overwrites nothing.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MemodagError, messageOf } from "@memodag/core";
import { CONFIG, DAG, IGNORED, SCRIPTS, TEST, TSCONFIG } from "./templates.ts";

/** A new project. */
export interface InitProjectInput {
  /** The folder; made where it is missing. */
  readonly folder: string;
  /** The version of memodag that `package.json` asks for where memodag is not installed. */
  readonly version: string;
}

/** The outcome. Paths are relative to the folder, sorted. */
export interface InitReport {
  /** Absolute path. */
  readonly folder: string;
  readonly created: readonly string[];
  /** Files that were there, and to which something was added. */
  readonly extended: readonly string[];
  /** Files that were there, and stay as they are. */
  readonly kept: readonly string[];
  /** False where memodag has to be installed first. */
  readonly isInstalled: boolean;
  /** Further steps, as sentences. */
  readonly notes: readonly string[];
}

/** Files that are the project's own: where one exists, this is no new project. */
const OWN_FILES: Readonly<Record<string, string>> = {
  "memodag.toml": CONFIG,
  "dags/hello.ts": DAG,
  "test/hello.test.ts": TEST,
};

interface Change {
  readonly path: string;
  readonly kind: "created" | "extended" | "kept";
  readonly text: string;
}

/**
 * Makes the project's files. Nothing is written unless all of them can be.
 * @throws MemodagError `project_exists` where one of its own files is there already; `project_invalid` for a
 * `package.json` that cannot be extended, or a folder that cannot be written to
 */
export function initProject({ folder, version }: InitProjectInput): InitReport {
  const root = resolve(folder);
  if (existsSync(root) && !statSync(root).isDirectory())
    throw invalid(`${root} is a file: name a folder, or one that does not exist yet`);
  const taken = [...Object.keys(OWN_FILES), "config/memodag.toml"].filter((path) =>
    existsSync(join(root, path)),
  );
  if (taken.length > 0) {
    throw new MemodagError(
      "project_exists",
      `${root} has ${taken.join(" and ")} already, and nothing was written: name another folder, or remove them`,
      { fields: { folder: root, paths: taken } },
    );
  }
  const isInstalled = existsSync(join(root, "node_modules/memodag/package.json"));
  const changes = [
    ...Object.entries(OWN_FILES).map(([path, text]): Change => ({ path, kind: "created", text })),
    packageChange(root, version, isInstalled),
    ignoreChange(root),
    readIfThere(root, "tsconfig.json") === undefined
      ? ({ path: "tsconfig.json", kind: "created", text: TSCONFIG } as const)
      : ({ path: "tsconfig.json", kind: "kept", text: "" } as const),
  ];
  for (const change of changes) if (change.kind !== "kept") write(root, change);
  const ofKind = (kind: Change["kind"]): string[] =>
    changes
      .filter((change) => change.kind === kind)
      .map(({ path }) => path)
      .sort();
  return {
    folder: root,
    created: ofKind("created"),
    extended: ofKind("extended"),
    kept: ofKind("kept"),
    isInstalled,
    notes: notesOn(changes),
  };
}

function notesOn(changes: readonly Change[]): string[] {
  const { type } = JSON.parse(changes.find(({ path }) => path === "package.json")?.text ?? "{}") as {
    type?: string;
  };
  return type === "commonjs"
    ? ['package.json has "type": "commonjs", and the test is an ES module: `npm test` needs "type": "module"']
    : [];
}

/** Scripts of the same name stay; so does the rest of the file. */
function packageChange(root: string, version: string, isInstalled: boolean): Change {
  const path = "package.json";
  const text = readIfThere(root, path);
  if (text === undefined) {
    const name = basename(root)
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+/, "");
    const manifest = {
      name: name || "dags",
      version: "0.0.0",
      private: true,
      type: "module",
      scripts: SCRIPTS,
      ...withMemodag({}, version),
    };
    return { path, kind: "created", text: `${JSON.stringify(manifest, null, 2)}\n` };
  }
  const manifest = readManifest(text, join(root, path));
  const scripts = manifest["scripts"] ?? {};
  if (!isObject(scripts)) throw invalid(`${join(root, path)}: "scripts" is no object: correct it`);
  // The script that `npm init` writes is a placeholder.
  const own = Object.entries(scripts).filter(([, script]) => !/no test specified/.test(String(script)));
  const extended: Record<string, unknown> = {
    ...manifest,
    scripts: { ...SCRIPTS, ...Object.fromEntries(own) },
    ...(!isInstalled && withMemodag(manifest, version)),
  };
  // The Dag's test is an ES module. Where there is other code, this is for its author to change.
  if (manifest["type"] !== "module" && isWithoutCode(root)) extended["type"] = "module";
  if (JSON.stringify(extended) === JSON.stringify(manifest)) return { path, kind: "kept", text };
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? "  ";
  return { path, kind: "extended", text: `${JSON.stringify(extended, null, indent)}\n` };
}

/** A lock file that has memodag under another version stays valid: what is asked for already is left alone. */
function withMemodag(manifest: Record<string, unknown>, version: string): object {
  const { dependencies, devDependencies } = manifest;
  const isAsked = [dependencies, devDependencies].some((group) => isObject(group) && "memodag" in group);
  if (isAsked) return {};
  return { dependencies: { ...(isObject(dependencies) && dependencies), memodag: `^${version}` } };
}

function isWithoutCode(root: string): boolean {
  return readdirSync(root).every((name) => /^(?:\.|node_modules$)|\.(?:json|md|txt)$|^[A-Z]+$/.test(name));
}

function ignoreChange(root: string): Change {
  const path = ".gitignore";
  const text = readIfThere(root, path);
  if (text === undefined) return { path, kind: "created", text: `${IGNORED.join("\n")}\n` };
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, "")));
  const missing = IGNORED.filter((line) => !lines.has(line.replace(/\/$/, "")));
  if (missing.length === 0) return { path, kind: "kept", text };
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  return { path, kind: "extended", text: `${text}${separator}${missing.join("\n")}\n` };
}

function readManifest(text: string, path: string): Record<string, unknown> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw invalid(`${path} is not JSON (${messageOf(error)}): correct it`);
  }
  if (!isObject(manifest)) throw invalid(`${path} is no object: correct it`);
  return manifest;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readIfThere(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalid(`${join(root, path)} cannot be read (${messageOf(error)})`);
  }
}

function write(root: string, { path, text, kind }: Change): void {
  const target = join(root, path);
  try {
    mkdirSync(dirname(target), { recursive: true });
    // `wx`: not even a file that appeared meanwhile is overwritten.
    writeFileSync(target, text, { flag: kind === "created" ? "wx" : "w" });
  } catch (error) {
    throw invalid(`${target} cannot be written (${messageOf(error)}): check the folder's permissions`);
  }
}

function invalid(message: string): MemodagError {
  return new MemodagError("project_invalid", message);
}
