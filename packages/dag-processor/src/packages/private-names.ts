// Resolves a package's private names (`#name`).

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Returns every target of a private name in a module of `folder`, under any condition, from the nearest
 * package.json; `null` if it does not exist. Patterns (`#lib/*`) are not resolved.
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
  if (typeof imports !== "object" || imports === null || !Object.hasOwn(imports, specifier)) return null;
  const targets = new Set<string>();
  const pending: unknown[] = [(imports as Record<string, unknown>)[specifier]];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value === "string") targets.add(value);
    else if (typeof value === "object" && value !== null)
      for (const inner of Object.values(value)) pending.push(inner);
  }
  return [...targets].sort();
}
