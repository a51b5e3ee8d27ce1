// Which names are secrets, and values and schemas as they are shown: without the secrets in them.

import type { JsonObject, JsonValue } from "./json/json-value.ts";
import type { JsonSchema } from "./serialized-dag.ts";

/** What is shown in place of a secret. */
export const HIDDEN = "***";

/** Whether a name is a secret's, or a text may hold a secret under a name of its own. */
export type SecretTest = (text: string) => boolean;

/** @param patterns names, `*` standing for any characters; case does not count */
export function secretTest(patterns: readonly string[]): SecretTest {
  if (patterns.length === 0) return () => false;
  const sources = patterns.map((pattern) => pattern.split("*").map(escape).join(".*"));
  const expression = new RegExp(sources.join("|"), "is");
  return (text) => expression.test(text);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** Values by name with the secrets hidden, however deep they are. */
export function hideSecrets(values: JsonObject, isSecret: SecretTest): JsonObject {
  return mapObject(values, (name, value) => (isSecret(name) ? HIDDEN : hideInValue(value, isSecret)));
}

function hideInValue(value: JsonValue, isSecret: SecretTest): JsonValue {
  if (typeof value === "string") return isSecret(value) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map((element: JsonValue) => hideInValue(element, isSecret));
  return isObject(value) ? hideSecrets(value, isSecret) : value;
}

/** Keywords of a schema whose value is a value that fits it, or a list of such. */
const VALUES = new Set(["default", "const", "enum", "examples"]);

/** Keywords of a schema that hold schemas by the names of what they are for. */
const NAMED = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** A schema without the values of secrets that it names. */
export function hideSecretsOfSchema(name: string, schema: JsonSchema, isSecret: SecretTest): JsonSchema {
  return hideInSchema(schema, isSecret(name), isSecret) as JsonSchema;
}

function hideInSchema(schema: JsonValue, isOfSecret: boolean, isSecret: SecretTest): JsonValue {
  if (Array.isArray(schema)) return schema.map((one: JsonValue) => hideInSchema(one, isOfSecret, isSecret));
  if (!isObject(schema)) return schema;
  return mapObject(schema, (keyword, value) => {
    if (VALUES.has(keyword)) {
      if (!isOfSecret) return hideInValue(value, isSecret);
      return Array.isArray(value) && keyword !== "default" && keyword !== "const"
        ? value.map(() => HIDDEN)
        : HIDDEN;
    }
    if (!NAMED.has(keyword) || !isObject(value)) return hideInSchema(value, isOfSecret, isSecret);
    return mapObject(value, (name, inner) => hideInSchema(inner, isOfSecret || isSecret(name), isSecret));
  });
}

/** With an own property for each name, `__proto__` too. */
function mapObject(values: JsonObject, map: (name: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(name, value)]));
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
