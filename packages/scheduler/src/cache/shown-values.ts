// Short printable forms of the values in a key, so that a miss can be explained with values instead of
// digests.

import { canonicalJson, findField, type JsonValue } from "@memodag/core";
import { LONGEST_SHOWN } from "@memodag/result-cache";
import { contextOf, type KeyParts } from "./cache-intent.ts";
import type { InstanceArgument, NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

const decoder = new TextDecoder();

/** The JSON of a key's values by part and name; undefined for values that are not short. */
export type TextOfValue = (part: "inputs" | "context" | "env", name: string) => string | undefined;

/** Reads the short values. Those of upstream tasks come from the database. */
export async function readShownValues(parts: KeyParts, results: RunResults): Promise<TextOfValue> {
  const inputs = await readTexts(parts.args, results);
  const context = parts.config.includeInputs.length === 0 ? null : contextOf(parts);
  return (part, name) => {
    switch (part) {
      case "inputs":
        return inputs.get(name);
      case "context": {
        const value = findField(context as unknown as JsonValue, name.split("."));
        return value === undefined ? "(not there)" : canonicalJson(value);
      }
      case "env": {
        const value = parts.env[name];
        return value === undefined ? "(not set)" : canonicalJson(value);
      }
    }
  };
}

/** The JSON of short values by name. */
export async function readTexts(
  values: readonly NamedArgument[],
  results: RunResults,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const [name, value] of values) {
    if (results.sizeOf(value) > LONGEST_SHOWN) continue;
    const text = await readText(value, results);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

async function readText(argument: InstanceArgument, results: RunResults): Promise<string | undefined> {
  switch (argument.kind) {
    case "literal":
      return argument.json;
    case "element":
      return argument.elements.text(argument.index);
    case "result": {
      const node = results.nodeOf(argument.taskId);
      const digest = node.isMapped || argument.path.length > 0 ? undefined : results.returnedBy(node);
      if (digest === undefined) return undefined;
      return decoder.decode((await results.readBytes([digest])).get(digest));
    }
    default:
      return undefined;
  }
}
