// JSON schemas of the document, made from those of zod.

import type { JsonObject, JsonValue } from "@memodag/core";
import * as z from "zod";

/** Named schemas that others refer to. */
export type SchemaComponents = Record<string, JsonObject>;

const OWN_REF = "#/$defs/";

/**
 * Returns the JSON schema of a value that is sent (`input`) or received (`output`). Definitions within it become
 * components: a reference within a document of OpenAPI begins at the root of that.
 */
export function schemaOf(
  schema: z.ZodType,
  io: "input" | "output",
  components: SchemaComponents,
): JsonObject {
  const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io }) as JsonObject;
  const names = new Map<string, string>();
  const definitions = Object.entries($defs as Readonly<Record<string, JsonObject>>);
  for (const [name, definition] of definitions) names.set(name, nameOf(name, definition, components));
  for (const [name, definition] of definitions)
    components[names.get(name) ?? name] = renamed(definition, names) as JsonObject;
  return renamed(rest, names) as JsonObject;
}

/** A definition that is there already has one name; the only recursive one is that of any JSON value. */
function nameOf(name: string, definition: JsonObject, components: SchemaComponents): string {
  const text = JSON.stringify(definition).replaceAll(`${OWN_REF}${name}`, "self");
  for (const [known, other] of Object.entries(components)) {
    if (JSON.stringify(other).replaceAll(`#/components/schemas/${known}`, "self") === text) return known;
  }
  return Object.hasOwn(components, "Json") ? `Json${Object.keys(components).length}` : "Json";
}

function renamed(value: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key !== "$ref" || typeof item !== "string") return [key, renamed(item, names)];
      const name = item.slice(OWN_REF.length);
      return [key, `#/components/schemas/${names.get(name) ?? name}`];
    }),
  );
}
