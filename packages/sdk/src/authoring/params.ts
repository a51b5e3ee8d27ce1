// The `params` and `confSchema` options: defaults as JSON, and schemas that stay as written until the Dag
// is serialized, which a worker never does.

import type { JsonObject, JsonSchema, JsonValue, SerializedDag } from "@memodag/core";
import type { FaultPlace } from "./dag-fault.ts";
import { literalText } from "./literal.ts";
import { OptionReader } from "./option-reader.ts";
import { findParamOptions, toJsonSchema } from "./param.ts";
import { isPlainObject } from "./plain-object.ts";

/** Params as read. */
export interface ParamSettings {
  readonly defaults: JsonObject;
  /** As written, by name; of a param without default and schema, `true`. */
  readonly schemas: ReadonlyMap<string, unknown>;
}

/**
 * Reads a Dag's `params`.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readParams(place: FaultPlace, reader: OptionReader): ParamSettings {
  const params = reader.get("params") ?? {};
  if (!isPlainObject(params)) throw reader.wrong("params", params, "write an object of defaults");
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

/** The parts of a serialized Dag that params and `confSchema` make; without schemas, the defaults alone. */
export function serializeParams(
  place: FaultPlace,
  { defaults, schemas }: ParamSettings,
  confSchema: unknown,
): Pick<SerializedDag, "params" | "paramSchemas" | "confSchema"> {
  const written = Array.from(schemas, ([name, schema]): [string, JsonSchema] => [
    name,
    toJsonSchema(place, `params.${name}`, schema),
  ]);
  // A default that the schema names is one, unless another is given beside it.
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
