// Files that are not there but would change what an import means.

import { posix } from "node:path";
import type { Metafile } from "esbuild";
import { RESOLVE_EXTENSIONS } from "./compiler-options.ts";

const TYPESCRIPT_NAMES: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/**
 * Paths that relative imports tried before the file they found, relative to the bundle's folder: a
 * file that appears at one of them is taken instead. Some of them may be folders.
 */
export function listPassedOver(metafile: Metafile): string[] {
  const passedOver: string[] = [];
  for (const [importer, { imports }] of Object.entries(metafile.inputs)) {
    for (const { original, path, external } of imports) {
      if (external || original === undefined || !/^\.{1,2}(?:\/|$)/.test(original)) continue;
      const candidates = listCandidates(posix.join(posix.dirname(importer), original));
      const found = candidates.indexOf(path);
      if (found > 0) passedOver.push(...candidates.slice(0, found));
    }
  }
  return passedOver;
}

function listCandidates(base: string): string[] {
  const extension = posix.extname(base);
  const stem = base.slice(0, base.length - extension.length);
  return [
    base,
    ...RESOLVE_EXTENSIONS.map((tried) => base + tried),
    ...(TYPESCRIPT_NAMES[extension] ?? []).map((tried) => stem + tried),
    posix.join(base, "package.json"),
    ...RESOLVE_EXTENSIONS.map((tried) => posix.join(base, `index${tried}`)),
  ];
}
