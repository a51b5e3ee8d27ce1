// Resolves a package's private names (`#name`).

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Returns every target of a private name in a module of `folder`, under any condition, from the nearest
 * package.json; `null` if it does not exist. Patterns (`#lib/*`) are matched as Node matches them.
 */
export function readPrivateName(specifier: string, folder: string): string[] | null {
  for (let at = folder; ; at = dirname(at)) {
    let text: string | null = null;
    try {
      text = readFileSync(join(at, "package.json"), "utf8");
    } catch {
      // Look further up.
    }
    if (text !== null) return targetsOf(text, specifier);
    if (at === dirname(at)) return null;
  }
}

function targetsOf(text: string, specifier: string): string[] | null {
  let imports: unknown;
  try {
    ({ imports } = JSON.parse(text) as { imports?: unknown });
  } catch {
    return null;
  }
  if (typeof imports !== "object" || imports === null) return null;
  const matched = matchName(specifier, Object.keys(imports));
  if (matched === null) return null;
  const targets = new Set<string>();
  const pending: unknown[] = [(imports as Record<string, unknown>)[matched.key]];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value === "string") targets.add(value.replaceAll("*", () => matched.rest ?? "*"));
    else if (typeof value === "object" && value !== null)
      for (const inner of Object.values(value)) pending.push(inner);
  }
  return [...targets].sort();
}

/**
 * The key of `imports` that a name resolves by, and what its `*` stands for: the exact key, else the pattern
 * with the longest text before its `*` (PACKAGE_IMPORTS_EXPORTS_RESOLVE in Node's documentation of modules).
 */
function matchName(
  specifier: string,
  keys: readonly string[],
): { readonly key: string; readonly rest: string | null } | null {
  if (!specifier.includes("*") && keys.includes(specifier)) return { key: specifier, rest: null };
  let best: { key: string; rest: string; length: number } | null = null;
  for (const key of keys) {
    const [before = "", after, more] = key.split("*");
    if (after === undefined || more !== undefined) continue;
    if (!specifier.startsWith(before) || specifier === before || !specifier.endsWith(after)) continue;
    if (specifier.length < key.length) continue;
    const isBetter =
      best === null ||
      before.length > best.length ||
      (before.length === best.length && key.length > best.key.length);
    if (!isBetter) continue;
    const rest = specifier.slice(before.length, specifier.length - after.length);
    best = { key, rest, length: before.length };
  }
  return best;
}
