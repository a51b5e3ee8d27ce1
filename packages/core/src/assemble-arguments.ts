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
  return assembleObject(args, (name) => readResult(results.get(name)));
}

/** The same for callers that modify nothing: each upstream result is parsed once, and kept in `parsed`. */
export function assembleSharedArguments(
  { args, results }: ArgumentSources,
  parsed: Map<string, JsonValue>,
): Record<string, JsonValue> {
  return assembleObject(args, (name) => {
    const known = parsed.get(name);
    if (known !== undefined) return known;
    const value = readResult(results.get(name));
    parsed.set(name, value);
    return value;
  });
}

type ReadResult = (name: string) => JsonValue;

function assemble(template: ArgTemplate, read: ReadResult): JsonValue {
  switch (template.kind) {
    case "literal":
      return JSON.parse(template.json) as JsonValue;
    case "result":
      return selectField(read(template.taskId), template.path);
    case "list":
      return template.items.map((item) => assemble(item, read));
    case "object":
      return assembleObject(template.entries, read);
  }
}

function assembleObject(entries: readonly NamedTemplate[], read: ReadResult): Record<string, JsonValue> {
  const ordered = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // Defines properties, because an assignment to `__proto__` would set the prototype.
  return Object.fromEntries(ordered.map(([name, template]) => [name, assemble(template, read)]));
}

function readResult(result: AttemptResult | undefined): JsonValue {
  if (!result) return null;
  if (result.kind === "single") return readJson(result.bytes);
  return result.items.map((bytes) => (bytes ? readJson(bytes) : null));
}
