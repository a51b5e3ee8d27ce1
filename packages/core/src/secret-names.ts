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
  return mapObject(values, (name, value) => (isSecret(name) ? HIDDEN : hideSecretsIn(value, isSecret)));
}

/** A value with the secrets in it hidden. */
export function hideSecretsIn(value: JsonValue, isSecret: SecretTest): JsonValue {
  if (typeof value === "string") return isSecret(value) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map((element: JsonValue) => hideSecretsIn(element, isSecret));
  return isObject(value) ? hideSecrets(value, isSecret) : value;
}

/** What names of secrets look like where no configuration says so. */
export const DEFAULT_SECRET_PATTERNS: readonly string[] =
  "*PASSWORD* *PASSWD* *SECRET* *TOKEN* *API_KEY* *APIKEY* *CREDENTIAL* *PRIVATE_KEY*".split(" ");

/**
 * Which names within a value are secrets, where its schema may mark them too: by `writeOnly`, or by the
 * format `password`. A mark that belongs to no property of a name makes a secret of everything.
 */
export function secretTestOf(name: string, schema: JsonSchema, isSecret: SecretTest): SecretTest {
  const marked = new Set<string>();
  if (isSecret(name) || !collectMarked(schema, null, marked)) return () => true;
  return (text) => marked.has(text) || isSecret(text);
}

/** Adds the names of properties that a schema marks as secrets; false when it marks the value itself. */
function collectMarked(schema: JsonValue, property: string | null, marked: Set<string>): boolean {
  if (Array.isArray(schema)) return schema.every((one: JsonValue) => collectMarked(one, property, marked));
  if (!isObject(schema)) return true;
  if (schema.writeOnly === true || schema.format === "password") {
    if (property === null) return false;
    marked.add(property);
  }
  return Object.entries(schema).every(([keyword, value]) => {
    if (VALUES.has(keyword)) return true;
    if (!NAMED.has(keyword) || !isObject(value)) return collectMarked(value, property, marked);
    return Object.entries(value).every(([name, inner]) =>
      collectMarked(inner, keyword === "properties" ? name : null, marked),
    );
  });
}

/** The values of params by name, as they are shown: without those that are secrets by name or by schema. */
export function hideSecretParams(
  params: JsonObject,
  schemas: Readonly<Record<string, JsonSchema>>,
  isSecret: SecretTest,
): JsonObject {
  return mapObject(params, (name, value) => {
    const test = secretTestOf(name, Object.hasOwn(schemas, name) ? (schemas[name] ?? true) : true, isSecret);
    return test(name) ? HIDDEN : hideSecretsIn(value, test);
  });
}

/** Keywords of a schema whose value is a value that fits it, or a list of such. */
const VALUES = new Set(["default", "const", "enum", "examples"]);

/** Keywords of a schema that hold schemas by the names of what they are for. */
const NAMED = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** A schema without the values of secrets that it names. */
export function hideSecretsOfSchema(name: string, schema: JsonSchema, isSecret: SecretTest): JsonSchema {
  const test = secretTestOf(name, schema, isSecret);
  return hideInSchema(schema, test(name), test) as JsonSchema;
}

function hideInSchema(schema: JsonValue, isOfSecret: boolean, isSecret: SecretTest): JsonValue {
  if (Array.isArray(schema)) return schema.map((one: JsonValue) => hideInSchema(one, isOfSecret, isSecret));
  if (!isObject(schema)) return schema;
  return mapObject(schema, (keyword, value) => {
    if (VALUES.has(keyword)) {
      if (!isOfSecret) return hideSecretsIn(value, isSecret);
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
