// The parts of a Standard Schema validator that memodag uses, and the types that they carry.
//
// The interface is declared here instead of imported from `@standard-schema/spec`, which its
// specification allows: a Dag file then needs no further package.

import { MemodagError, type JsonSchema, type JsonValue } from "@memodag/core";

/** The types of a validator, which exist for the compiler only. */
interface StandardTypes<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

/**
 * A Standard Schema validator, such as one of zod, that can export a JSON schema. Values are
 * checked against the JSON schema before a run is created, without running code of the Dag file.
 */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly "~standard": {
    readonly vendor: string;
    readonly types?: StandardTypes<Input, Output> | undefined;
    readonly jsonSchema?: { readonly input: (options: { readonly target: "draft-2020-12" }) => unknown };
  };
}

/** A problem that a validator found. */
interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/**
 * A Standard Schema validator, such as one of zod, valibot or arktype, that checks a result when it
 * comes back. `Output` is the type after its transformations.
 */
export interface ResultSchema<Output = unknown> {
  readonly "~standard": {
    readonly vendor: string;
    readonly types?: StandardTypes<unknown, Output> | undefined;
    readonly validate: (value: unknown) => unknown;
  };
}

/** True for a Standard Schema validator of any kind. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") && "~standard" in value
  );
}

/** True for a validator that can check values. */
export function isResultSchema(value: unknown): value is ResultSchema {
  if (!isStandardSchema(value)) return false;
  const standard: unknown = value["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    "validate" in standard &&
    typeof standard.validate === "function"
  );
}

/** Maximum number of issues in a message. */
const MOST_ISSUES = 10;

/**
 * Checks a value and returns the validator's output.
 * @param name the value in messages, such as `The command's result`
 * @throws MemodagError `result_invalid` with the paths of the issues; rethrows errors of the validator
 */
export async function validateWith(schema: ResultSchema, value: unknown, name: string): Promise<unknown> {
  const { vendor, validate } = schema["~standard"];
  const result = (await validate.call(schema["~standard"], value)) as StandardResult;
  if (!result.issues) return result.value;
  const issues = result.issues.map(issueText);
  const shown = issues.slice(0, MOST_ISSUES).join("; ");
  const rest = issues.length - MOST_ISSUES;
  throw new MemodagError(
    "result_invalid",
    `${name} does not match its ${vendor} schema: ${shown}${rest > 0 ? `; and ${rest} more` : ""}: ` +
      "change the task's result, or the schema",
    { fields: { issues } },
  );
}

function issueText({ message, path = [] }: StandardIssue): string {
  const text = path.reduce<string>((before, segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number") return `${before}[${key}]`;
    return before === "" ? String(key) : `${before}.${String(key)}`;
  }, "");
  return text === "" ? message : `${text}: ${message}`;
}

/** The type of the values that match a schema: a Standard Schema validator's input, or JSON. */
export type ValueOf<Schema> = Schema extends {
  readonly "~standard": { readonly types?: { readonly input: infer Input } | undefined };
}
  ? unknown extends Input
    ? JsonValue
    : Exclude<Input, undefined>
  : FromJsonSchema<Schema>;

/**
 * The type of the values that match a JSON schema, if its type is literal. Keywords that are not
 * read here can only exclude values; a schema that is not read is any JSON.
 */
export type FromJsonSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer Side)[] }
      ? FromJsonSchema<Side>
      : Schema extends { readonly oneOf: readonly (infer Side)[] }
        ? FromJsonSchema<Side>
        : Schema extends { readonly type: readonly (infer Name)[] }
          ? ValueOfType<Name, Schema>
          : Schema extends { readonly type: infer Name }
            ? ValueOfType<Name, Schema>
            : JsonValue;

type ValueOfType<Name, Schema> = Name extends "string"
  ? string
  : Name extends "number" | "integer"
    ? number
    : Name extends "boolean"
      ? boolean
      : Name extends "null"
        ? null
        : Name extends "array"
          ? readonly ItemOf<Schema>[]
          : Name extends "object"
            ? ObjectOf<Schema>
            : JsonValue;

/** The first items of `prefixItems` have schemas of their own. */
type ItemOf<Schema> = Schema extends { readonly prefixItems: unknown }
  ? JsonValue
  : Schema extends { readonly items: infer Item }
    ? FromJsonSchema<Item>
    : JsonValue;

type ObjectOf<Schema> = Schema extends { readonly properties: infer Properties }
  ? {
      readonly [Name in keyof Properties as Name extends RequiredOf<Schema> ? Name : never]: FromJsonSchema<
        Properties[Name]
      >;
    } & {
      readonly [Name in keyof Properties as Name extends RequiredOf<Schema> ? never : Name]?: FromJsonSchema<
        Properties[Name]
      >;
    }
  : Schema extends { readonly patternProperties: unknown }
    ? { readonly [name: string]: JsonValue }
    : Schema extends { readonly additionalProperties: infer Value }
      ? { readonly [name: string]: Value extends JsonSchema ? FromJsonSchema<Value> : JsonValue }
      : { readonly [name: string]: JsonValue };

type RequiredOf<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;

/** The type of what a validator returns. */
export type OutputOf<Schema extends ResultSchema> = Schema["~standard"] extends {
  readonly types?: { readonly output: infer Output } | undefined;
}
  ? Output
  : never;
