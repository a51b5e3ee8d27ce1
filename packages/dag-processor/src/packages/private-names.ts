// What a package's private names (`#name`) stand for.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Every target that a private name may stand for in a module of `folder`, whatever the conditions, by the
 * nearest package.json; `null` when it is not there. A name of a pattern (`#lib/*`) is not looked for.
 */
export function readPrivateName(specifier: string, folder: string): string[] | null {
  for (let at = folder; ; at = dirname(at)) {
    let text: string | null = null;
    try {
      text = readFileSync(join(at, "package.json"), "utf8");
    } catch {
      // The nearest one is further up.
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
