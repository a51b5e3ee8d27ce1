// Generates `config/memodag.schema.json`, used by editors to complete and check the TOML file.

import type { Key, Section } from "../schema/key.ts";
import { configSchema } from "../schema/config-schema.ts";

/** Renders the JSON schema of the config file. */
export function renderJsonSchema(): string {
  const schema = {
    title: "memodag.toml",
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: mapValues<Section, object>(configSchema, schemaOfSection),
    additionalProperties: false,
  };
  const text = JSON.stringify(schema, null, 2);
  // Short lists on one line, as the formatter writes them.
  return `${text.replaceAll(/\[\s+("[^[\]{}]*")\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, " ")}]`)}\n`;
}

function schemaOfSection({ description, isList, keys }: Section): object {
  const required = Object.keys(keys).filter((name) => keys[name]?.presence === "required");
  const table = {
    type: "object",
    properties: mapValues(keys, schemaOfKey),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
  return isList
    ? { description, default: [], type: "array", items: table }
    : { description, default: {}, ...table };
}

function schemaOfKey({ type, facts }: Key): object {
  const { default: byDefault, computed, expected } = facts;
  return {
    description: describe(facts.description, expected, type.json, computed),
    ...(byDefault !== undefined && computed === undefined && { default: byDefault }),
    ...type.json,
  };
}

function describe(
  description: string,
  expected: string,
  json: Key["type"]["json"],
  computed: string | undefined,
): string {
  if (computed !== undefined) return `${description} Default: ${computed}.`;
  // Ranges of durations and sizes cannot be expressed in JSON Schema, so they go into the description.
  const isRange = json["type"] === "string" && expected.includes(" from ");
  return isRange ? `${description} Write ${expected}.` : description;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
