// The `params` and `confSchema` options. Defaults are read as JSON; schemas stay as written until
// the Dag is serialized, which workers never do.

import type { JsonObject, JsonSchema, JsonValue, SerializedDag } from "@memodag/core";
import type { FaultPlace } from "./dag-fault.ts";
import { literalText } from "./literal.ts";
import { OptionReader } from "./option-reader.ts";
import { findParamOptions, toJsonSchema } from "./param.ts";
import { isPlainObject } from "./plain-object.ts";

/** Params after reading. */
export interface ParamSettings {
  readonly defaults: JsonObject;
  /** Schemas by param name, as written; `true` for a param with neither default nor schema. */
  readonly schemas: ReadonlyMap<string, unknown>;
}

/**
 * Reads a Dag's `params`.
 * @throws MemodagError `dag_invalid` naming the invalid param.
 */
export function readParams(place: FaultPlace, reader: OptionReader): ParamSettings {
  const params = reader.get("params") ?? {};
  if (!isPlainObject(params)) throw reader.wrong("params", params, "use an object of defaults");
  const schemas = new Map<string, unknown>();
  const defaults = Object.entries(params).map(([name, value]): [string, unknown] => {
    const options = findParamOptions(value);
    if (options === undefined) return [name, value];
    const param = new OptionReader(place, `params.${name}.`, options, ["default", "schema"]);
    schemas.set(name, param.get("schema") ?? true);
    return [name, param.get("default")];
  });
  const json = literalText(place, "params", Object.fromEntries(defaults));
  return { defaults: JSON.parse(json) as JsonObject, schemas };
}

/**
 * Returns the fields of a serialized Dag for its params and `confSchema`. Without schemas, only the
 * defaults.
 */
export function serializeParams(
  place: FaultPlace,
  { defaults, schemas }: ParamSettings,
  confSchema: unknown,
): Pick<SerializedDag, "params" | "paramSchemas" | "confSchema"> {
  const written = Array.from(schemas, ([name, schema]): [string, JsonSchema] => [
    name,
    toJsonSchema(place, `params.${name}`, schema),
  ]);
  // A default inside the schema counts, unless the param has one of its own.
  const named = written.flatMap(([name, schema]): [string, JsonValue][] =>
    typeof schema === "object" && schema.default !== undefined && !Object.hasOwn(defaults, name)
      ? [[name, schema.default]]
      : [],
  );
  return {
    params: { ...defaults, ...Object.fromEntries(named) },
    ...(written.length > 0 && { paramSchemas: Object.fromEntries(written) }),
    ...(confSchema !== undefined && { confSchema: toJsonSchema(place, "confSchema", confSchema) }),
  };
}
