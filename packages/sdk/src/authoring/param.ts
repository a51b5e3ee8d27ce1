// Params with a schema: the alternative to a plain default in `params`.

import type { JsonObject, JsonSchema } from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { literalText } from "./literal.ts";
import { isPlainObject } from "./plain-object.ts";
import { OPTIONS, type Param, type ParamOptions, type TypeOf } from "../schemas/param-types.ts";
import { isStandardSchema, type StandardSchema } from "../schemas/standard-schema.ts";

/** The draft of JSON Schema requested from validators. */
const TARGET = "draft-2020-12";

/**
 * Declares a param whose values are checked before a run is created.
 *
 * @example
 * ```ts
 * new Dag("train", {
 *   params: {
 *     depth: param({ default: 3, schema: { type: "integer", minimum: 1 } }),
 *     region: param({ schema: { enum: ["north", "south"] } }), // required
 *   },
 * });
 * ```
 */
export function param<const Options extends ParamOptions>(options: Options): Param<TypeOf<Options>> {
  return Object.freeze({ [OPTIONS]: options });
}

/** Returns the param options of a value in `params`, or `undefined` for a plain default. */
export function findParamOptions(value: unknown): ParamOptions | undefined {
  if (isStandardSchema(value)) return { schema: value };
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, OPTIONS)?.value as ParamOptions | undefined;
}

/**
 * Converts an author's schema to a JSON schema. `name` identifies it in messages.
 * @throws MemodagError `dag_invalid` if it is not a schema and cannot be converted to one.
 */
export function toJsonSchema(place: FaultPlace, name: string, schema: unknown): JsonSchema {
  if (typeof schema === "boolean") return schema;
  const said = isStandardSchema(schema) ? askForJsonSchema(place, name, schema) : schema;
  if (isPlainObject(said)) return JSON.parse(literalText(place, name, said)) as JsonObject;
  throw dagInvalid(place, {
    problem: `the schema of ${name} is ${show(schema)}`,
    fix: 'use a JSON schema such as { type: "integer", minimum: 1 }, or a validator such as zod\'s',
  });
}

function askForJsonSchema(place: FaultPlace, name: string, schema: StandardSchema): unknown {
  const { vendor, jsonSchema } = schema["~standard"];
  const fix = "use a JSON schema, or a validator that can export one, such as those of zod 4.2 or later";
  if (jsonSchema === undefined) {
    throw dagInvalid(place, {
      problem: `the ${vendor} schema of ${name} cannot be exported as a JSON schema`,
      fix,
    });
  }
  try {
    return jsonSchema.input({ target: TARGET });
  } catch (cause) {
    const problem = `the ${vendor} schema of ${name} could not be exported as a JSON schema`;
    throw dagInvalid(place, { problem, fix, cause });
  }
}
