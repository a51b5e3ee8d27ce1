// Decides which names denote secrets, and redacts values and schemas for display.

import type { JsonObject, JsonValue } from "./json/json-value.ts";
import type { JsonSchema } from "./json/json-value.ts";

/** Shown in place of a secret. */
export const HIDDEN = "***";

/** Returns whether a name denotes a secret, or a string may contain a secret under such a name. */
export type SecretTest = (text: string) => boolean;

/** @param patterns names in which `*` matches any characters; case-insensitive */
export function secretTest(patterns: readonly string[]): SecretTest {
  if (patterns.length === 0) return () => false;
  const sources = patterns.map((pattern) => pattern.split("*").map(escape).join(".*"));
  const expression = new RegExp(sources.join("|"), "is");
  return (text) => expression.test(text);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** Returns values by name with secrets redacted at any depth. */
export function hideSecrets(values: JsonObject, isSecret: SecretTest): JsonObject {
  return mapObject(values, (name, value) => (isSecret(name) ? HIDDEN : hideSecretsIn(value, isSecret)));
}

/** Returns a value with the secrets in it redacted. */
export function hideSecretsIn(value: JsonValue, isSecret: SecretTest): JsonValue {
  if (typeof value === "string") return isSecret(value) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map((element: JsonValue) => hideSecretsIn(element, isSecret));
  return isObject(value) ? hideSecrets(value, isSecret) : value;
}

/** The default patterns of secret names. */
export const DEFAULT_SECRET_PATTERNS: readonly string[] =
  "*PASSWORD* *PASSWD* *SECRET* *TOKEN* *API_KEY* *APIKEY* *CREDENTIAL* *PRIVATE_KEY*".split(" ");

/**
 * Returns a test for names of secrets within a value, including those that its schema marks with
 * `writeOnly` or the format `password`. A mark that cannot be assigned to a named property makes the
 * whole value secret.
 */
export function secretTestOf(name: string, schema: JsonSchema, isSecret: SecretTest): SecretTest {
  const marked = new Set<string>();
  if (isSecret(name) || !collectMarked(schema, null, marked)) return () => true;
  return (text) => marked.has(text) || isSecret(text);
}

/**
 * True if a schema marks the value at a path of property names, or a part of it, as secret. A mark that applies to
 * no single property counts for all paths.
 */
export function isMarkedPath(schema: JsonSchema, [name, ...rest]: readonly string[]): boolean {
  if (typeof schema === "boolean") return false;
  if (name === undefined) return hasMarks(schema);
  const { properties = {}, ...others } = schema;
  if (hasMarks(others)) return true;
  if (!isObject(properties) || !Object.hasOwn(properties, name)) return false;
  return isMarkedPath(properties[name] as JsonSchema, rest);
}

function hasMarks(schema: JsonSchema): boolean {
  const marked = new Set<string>();
  return !collectMarked(schema, null, marked) || marked.size > 0;
}

/**
 * Collects the names of properties that a schema marks as secret. Returns false if it marks the value
 * itself.
 */
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

/** Returns the values of params without those that are secret by name or by schema. */
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

/** Keywords of a schema that contain a valid value or a list of them. */
const VALUES = new Set(["default", "const", "enum", "examples"]);

/** Keywords of a schema that contain schemas by name. */
const NAMED = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** Returns a schema without the secret values that it contains. */
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

/** Defines own properties, so that `__proto__` is treated like any other name. */
function mapObject(values: JsonObject, map: (name: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(name, value)]));
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
