// Assembles the arguments of a task from their templates and the upstream results.

import type { JsonValue } from "./json/json-value.ts";
import { readJson } from "./json/read-json.ts";
import { selectField } from "./json/select-field.ts";
import type { AttemptResult } from "./ports/executor.ts";
import type { ArgTemplate, NamedTemplate } from "./serialized-dag.ts";

/** The inputs that arguments are assembled from. */
export interface ArgumentSources {
  readonly args: readonly NamedTemplate[];
  /** The values that `args` refers to, by the name that it has for them. */
  readonly results: ReadonlyMap<string, AttemptResult>;
}

/**
 * Assembles the handler's arguments object. Every value is parsed separately for each place, so a handler
 * that modifies one argument does not modify another. Names are sorted by UTF-16 code units, as in the
 * cache key, so inputs with the same key are indistinguishable. A missing result is `null`.
 */
export function assembleArguments({ args, results }: ArgumentSources): Record<string, JsonValue> {
  return assembleObject(args, results);
}

type Results = ReadonlyMap<string, AttemptResult>;

function assemble(template: ArgTemplate, results: Results): JsonValue {
  switch (template.kind) {
    case "literal":
      return JSON.parse(template.json) as JsonValue;
    case "result":
      return selectField(readResult(results.get(template.taskId)), template.path);
    case "list":
      return template.items.map((item) => assemble(item, results));
    case "object":
      return assembleObject(template.entries, results);
  }
}

function assembleObject(entries: readonly NamedTemplate[], results: Results): Record<string, JsonValue> {
  const ordered = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // Defines properties, because an assignment to `__proto__` would set the prototype.
  return Object.fromEntries(ordered.map(([name, template]) => [name, assemble(template, results)]));
}

function readResult(result: AttemptResult | undefined): JsonValue {
  if (!result) return null;
  if (result.kind === "single") return readJson(result.bytes);
  return result.items.map((bytes) => (bytes ? readJson(bytes) : null));
}
