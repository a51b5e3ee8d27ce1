// Checks whether an unresolved name is one of "paths" in a tsconfig.json, which Node does not read
// either.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the tsconfig.json above a folder whose "paths" contain a name, or undefined. */
export function findPathsConfig(specifier: string, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "tsconfig.json");
    if (patternsIn(file).some((pattern) => fits(specifier, pattern))) return file;
    if (dirname(at) === at) return undefined;
  }
}

/** The file may contain comments, so it is searched, not parsed. */
function patternsIn(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const paths = /"paths"\s*:\s*\{([^}]*)\}/.exec(text)?.[1] ?? "";
  return Array.from(paths.matchAll(/"([^"]+)"\s*:\s*\[/g), ([, pattern]) => pattern ?? "");
}

function fits(specifier: string, pattern: string): boolean {
  const [before = "", after] = pattern.split("*");
  return after === undefined
    ? specifier === pattern
    : specifier.length >= before.length + after.length &&
        specifier.startsWith(before) &&
        specifier.endsWith(after);
}
