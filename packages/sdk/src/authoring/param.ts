// A param of a Dag with a schema: what `params` may hold beside plain defaults.

import type { JsonObject, JsonSchema, JsonValue } from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { literalText } from "./literal.ts";
import { isPlainObject } from "./plain-object.ts";

/** Where a param keeps what it was made of; registered, so that copies of this package share it. */
const OPTIONS: unique symbol = Symbol.for("memodag.param");

/** The draft of JSON Schema that validators are asked for. */
const TARGET = "draft-2020-12";

/**
 * A validator of the Standard Schema kind, such as zod's, that can say itself as JSON Schema: values are
 * checked before a run is made, where no code of a Dag file runs.
 */
export interface StandardSchema {
  readonly "~standard": {
    readonly vendor: string;
    readonly jsonSchema?: { readonly input: (options: { readonly target: "draft-2020-12" }) => unknown };
  };
}

/** What is said about a param. */
export interface ParamOptions {
  /** Its value in a run that is given none. Without a default, here or in the schema, it has to be given. */
  readonly default?: JsonValue;
  /** A JSON schema of draft 2020-12, or a validator that can say itself as one. Default: any JSON will do. */
  readonly schema?: JsonSchema | StandardSchema;
}

/** A param with a schema; made by {@link param}. */
export interface Param {
  readonly [OPTIONS]: ParamOptions;
}

/**
 * A param whose values are checked before a run is made:
 * `params: { depth: param({ default: 3, schema: { type: "integer", minimum: 1 } }) }`.
 */
export function param(options: ParamOptions): Param {
  return Object.freeze({ [OPTIONS]: options });
}

/** What a value among `params` says of its param; `undefined` for a plain default. */
export function findParamOptions(value: unknown): ParamOptions | undefined {
  if (isStandardSchema(value)) return { schema: value };
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, OPTIONS)?.value as ParamOptions | undefined;
}

/**
 * What an author wrote as a schema, as a JSON schema; `name` is what it stands under in messages.
 * @throws MemodagError `dag_invalid` for what is none and cannot say itself as one.
 */
export function toJsonSchema(place: FaultPlace, name: string, schema: unknown): JsonSchema {
  if (typeof schema === "boolean") return schema;
  const said = isStandardSchema(schema) ? askForJsonSchema(place, name, schema) : schema;
  if (isPlainObject(said)) return JSON.parse(literalText(place, name, said)) as JsonObject;
  throw dagInvalid(place, {
    problem: `the schema of ${name} is ${show(schema)}`,
    mend: 'write a JSON schema such as { type: "integer", minimum: 1 }, or a validator such as zod\'s',
  });
}

function isStandardSchema(value: unknown): value is StandardSchema {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value
  );
}

function askForJsonSchema(place: FaultPlace, name: string, schema: StandardSchema): unknown {
  const { vendor, jsonSchema } = schema["~standard"];
  const mend =
    "write a JSON schema, or a validator that can say itself as one, as zod's do from version 4.2 on";
  if (jsonSchema === undefined) {
    throw dagInvalid(place, { problem: `the ${vendor} schema of ${name} has no JSON schema`, mend });
  }
  try {
    return jsonSchema.input({ target: TARGET });
  } catch (cause) {
    const problem = `the ${vendor} schema of ${name} cannot say itself as JSON schema`;
    throw dagInvalid(place, { problem, mend, cause });
  }
}
