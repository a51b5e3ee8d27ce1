// Bundles a Dag file and its imports into one module that is identical on every machine.

import { dirname, join } from "node:path";
import { sha256, type Artifact, type DagFileError } from "@memodag/core";
import { build, type BuildFailure, type Message, type Metafile } from "esbuild";
import { COMPILER_OPTIONS, RESOLVE_EXTENSIONS } from "./compiler-options.ts";
import { importRules } from "./import-rules.ts";
import { readSources } from "./read-sources.ts";

/** A Dag file as one module. */
export interface BundledDagFile {
  /** The module with its source map, as it is stored. */
  readonly artifact: Artifact;
  /** The module alone, which determines its behavior. */
  readonly code: string;
  /** Source map of `code` (version 3, JSON). Its sources are relative to the Dag file's folder. */
  readonly map: string;
  /** Its paths are relative to the bundle's folder. */
  readonly metafile: Metafile;
  /** The bytes of every bundled file, by absolute path. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly string[];
}

/** The outcome of bundling. */
export type BundleOutcome =
  | ({ readonly kind: "bundled" } & BundledDagFile)
  | { readonly kind: "broken"; readonly error: DagFileError };

/** Bundled code of a CommonJS source calls `require`, which modules do not have. */
const REQUIRE_BANNER = `import { createRequire as __memodagCreateRequire } from "node:module"; const require = __memodagCreateRequire(import.meta.url);`;
const REQUIRE_SHIM = "Dynamic require of";

/**
 * Bundles the file at `path` in the folder `root` (absolute, without symbolic links). Neither the code
 * nor the source map contains an absolute path.
 */
export async function bundleDagFile(root: string, path: string): Promise<BundleOutcome> {
  try {
    const bundled = await bundle(root, path, "");
    // Added only if needed: the author may define a `require`.
    const usesRequire = bundled.code.includes(REQUIRE_SHIM);
    return { kind: "bundled", ...(usesRequire ? await bundle(root, path, REQUIRE_BANNER) : bundled) };
  } catch (failure) {
    if (!isBuildFailure(failure)) throw failure;
    return { kind: "broken", error: describe(failure.errors, path) };
  }
}

async function bundle(root: string, path: string, banner: string): Promise<BundledDagFile> {
  const entry = join(root, path);
  const folder = dirname(entry);
  const sources = new Map<string, Uint8Array>();
  const { outputFiles, metafile, warnings } = await build({
    ...COMPILER_OPTIONS,
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    write: false,
    metafile: true,
    // In the Dag file's folder, where it is loaded as if it were there: source paths are relative to it.
    outfile: join(folder, "artifact.mjs"),
    sourcemap: "external",
    sourcesContent: false,
    // Only Node's own conditions, so that the bundle contains what Node would have loaded.
    conditions: [],
    resolveExtensions: [...RESOLVE_EXTENSIONS],
    loader: { ".sql": "text", ".txt": "text", ".md": "text", ".csv": "text", ".graphql": "text" },
    // A wrong "sideEffects" or __PURE__ must not remove a statement with side effects.
    ignoreAnnotations: true,
    banner: { js: banner },
    plugins: [importRules(folder), readSources(folder, sources)],
  });
  const code = textOf(outputFiles, ".mjs");
  const map = textOf(outputFiles, ".map");
  const inlined = Buffer.from(map).toString("base64");
  const module = Buffer.from(`${code}//# sourceMappingURL=data:application/json;base64,${inlined}\n`);
  return {
    artifact: { digest: sha256(module), code: module },
    code,
    map,
    metafile,
    sources,
    warnings: warnings.map(sayWithPlace),
  };
}

function textOf(files: readonly { readonly path: string; readonly text: string }[], ending: string): string {
  const file = files.find(({ path }) => path.endsWith(ending));
  if (!file) throw new Error(`esbuild wrote no ${ending} file`);
  return file.text;
}

function isBuildFailure(failure: unknown): failure is BuildFailure {
  return failure instanceof Error && Array.isArray((failure as Partial<BuildFailure>).errors);
}

function describe(errors: readonly Message[], path: string): DagFileError {
  const [first, ...others] = errors;
  const more =
    others.length === 0 ? "" : ` (and ${others.length} more: ${others.map(sayWithPlace).join("; ")})`;
  const place = first?.location;
  return {
    message: `${withFix(first?.text ?? "The file cannot be bundled")}${more}`,
    file: place?.file ?? path,
    line: place?.line ?? null,
    // esbuild counts columns from 0; users and editors count from 1.
    column: place ? place.column + 1 : null,
  };
}

function sayWithPlace({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}: ${text}` : text;
}

/** Returns esbuild's message, with a fix if it does not contain one. */
function withFix(text: string): string {
  if (text.startsWith("Could not resolve")) return `${text}: correct the path, or create the file`;
  if (text.startsWith("No loader is configured")) {
    return `${text}: import it with { type: "text" } or { type: "bytes" }, or read it in a task`;
  }
  if (text.startsWith("No matching export")) return `${text}: export it there, or correct the name`;
  if (/: |correct/.test(text)) return text;
  return `${text}: correct the syntax`;
}
