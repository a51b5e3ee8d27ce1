// Finds files that code loads by path and that the bundler does not see: through `createRequire`, or as
// the script of a thread or child process given as `new URL("./x", import.meta.url)`. The search is
// textual and errs on the side of including too many.

import { isBuiltin } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { digestInput } from "@memodag/artifact/input-digest";
import type { Digest } from "@memodag/core";
import { packageNameOf } from "@memodag/source-hash";
import { readRegularFile } from "../file-digests.ts";

/** Files that some sources load by path. */
export interface FollowedFiles {
  /** By absolute path, with all their imports. */
  readonly files: ReadonlyMap<string, Digest | null>;
  /** Packages that are loaded in this way, with the folder that they are resolved from. */
  readonly packages: readonly (readonly [name: string, folder: string])[];
  /**
   * Absolute paths of sources that use `createRequire` in a way that cannot be followed, such as with a
   * computed name.
   */
  readonly unfollowed: readonly string[];
}

const CODE = new Set([".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]);
const LOADED_BY_URL = new Set([...CODE, ".wasm", ".node"]);
const LOADED_BY_REQUIRE = new Set([...LOADED_BY_URL, ".json"]);
const TRIED_EXTENSIONS = ["", ".js", ".json", ".node", ".cjs", ".mjs", ".ts", "/index.js", "/index.cjs"];

const MAKES_REQUIRE = /\bcreateRequire\b|["'`](?:node:)?module["'`]/;
const URLS = /\bnew\s+URL\s*\(\s*(["'`])([^"'`$\n]+)\1/g;
const PATHS = /\bimport\.meta\.dirname\s*((?:,\s*(?:"[^"\n]*"|'[^'\n]*'|`[^`$\n]*`)\s*)+)\)/g;
const TEXTS = /(["'`])([^"'`$\n\\]{1,300})\1/g;
const PACKAGE = /^(?:@[\w.-]+\/)?[a-z\d][\w.-]*(?:\/[\w./-]+)?$/i;

/**
 * Follows the files that the sources (text by absolute path) load by path. Files in `sources` are already
 * bundled.
 */
export async function followFiles(sources: ReadonlyMap<string, Uint8Array>): Promise<FollowedFiles> {
  const files = new Map<string, Digest | null>();
  const packages = new Map<string, readonly [string, string]>();
  const unfollowed: string[] = [];
  const pending: { readonly path: string; readonly text: string; readonly isFollowed: boolean }[] = [];
  for (const [path, bytes] of sources) {
    if (CODE.has(extname(path)))
      pending.push({ path, text: Buffer.from(bytes).toString(), isFollowed: false });
  }
  for (const { path, text, isFollowed } of pending) {
    const folder = dirname(path);
    const requires = MAKES_REQUIRE.test(text);
    if (requires && !isStatic(text)) unfollowed.push(path);
    const named = listUrls(text).map((url) => ({ url, kinds: LOADED_BY_URL }));
    if (requires || isFollowed) {
      for (const [, , url = ""] of text.matchAll(TEXTS)) {
        if (/^\.{1,2}\//.test(url)) named.push({ url, kinds: LOADED_BY_REQUIRE });
        else if (PACKAGE.test(url) && !isBuiltin(url)) {
          const name = packageNameOf(url);
          packages.set(JSON.stringify([name, folder]), [name, folder]);
        }
      }
    }
    for (const { url, kinds } of named) {
      const found = await findFile(resolve(folder, url), kinds);
      if (found === null || sources.has(found.path) || files.has(found.path)) continue;
      files.set(found.path, digestInput(found.path));
      if (CODE.has(extname(found.path))) pending.push({ ...found, isFollowed: true });
    }
  }
  return { files, packages: [...packages.values()], unfollowed };
}

function listUrls(text: string): string[] {
  const urls = Array.from(text.matchAll(URLS), ([, , url = ""]) => url).filter(
    (url) => !/^[a-z]+:/i.test(url),
  );
  const paths = Array.from(text.matchAll(PATHS), ([, list = ""]) =>
    join(".", ...Array.from(list.matchAll(TEXTS), ([, , part = ""]) => part)),
  );
  return [...urls.map(decodeUrl), ...paths];
}

function decodeUrl(url: string): string {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/, ""));
  } catch {
    return url;
  }
}

async function findFile(
  path: string,
  kinds: ReadonlySet<string>,
): Promise<{ readonly path: string; readonly text: string } | null> {
  for (const extension of TRIED_EXTENSIONS) {
    const tried = path + extension;
    const bytes = kinds.has(extname(tried)) ? await readRegularFile(tried) : null;
    if (bytes) return { path: tried, text: bytes.toString() };
  }
  return null;
}

/**
 * True if `createRequire` is used only by its own name and only to define constants, which are then only
 * called with literals.
 */
function isStatic(text: string): boolean {
  const names = new Set<string>();
  const rest = text
    .replaceAll(/\bimport\s*\{[^}]*\}\s*from\s*(["'])(?:node:)?module\1/g, (found) =>
      /\bcreateRequire\s+as\b|\bdefault\b/.test(found) ? found : "",
    )
    .replaceAll(/\bcreateRequire\s*\([^()]*\)\s*\(\s*(["'`])[^"'`$\n]*\1\s*\)/g, "")
    .replaceAll(/\bconst\s+([\w$]+)(?:\s*:\s*[\w$.]+)?\s*=\s*createRequire\s*\(/g, (_found, name: string) => {
      names.add(name);
      return "";
    });
  if (MAKES_REQUIRE.test(rest)) return false;
  for (const name of names) {
    const others = rest.replaceAll(
      new RegExp(
        `(?<![\\w$.])${name.replaceAll("$", "\\$")}(?:\\.resolve)?\\s*(?:<[^>()]*>)?\\(\\s*(["'\`])[^"'\`$\\n]*\\1\\s*\\)`,
        "g",
      ),
      "",
    );
    if (new RegExp(`(?<![\\w$.])${name.replaceAll("$", "\\$")}(?![\\w$])`).test(others)) return false;
  }
  return true;
}
