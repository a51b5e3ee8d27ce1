// Declared params, and the types of their values.

import type { JsonObject, JsonSchema, JsonValue } from "@memodag/core";
import type { StandardSchema, ValueOf } from "./standard-schema.ts";

/**
 * Symbol under which a param keeps its options. Registered, so that all copies of this package
 * share it.
 */
export const OPTIONS: unique symbol = Symbol.for("memodag.param");

/** Options of a param. */
export interface ParamOptions {
  /**
   * Value for runs that do not set the param. Without a default, here or in the schema, the param
   * is required.
   */
  readonly default?: JsonValue;
  /**
   * A JSON schema (draft 2020-12), or a Standard Schema validator that can export one. Default: any
   * JSON is valid.
   */
  readonly schema?: JsonSchema | StandardSchema;
}

/** Symbol under which the compiler keeps the type of a param. There is no such property. */
declare const TYPE: unique symbol;

/** A param with a schema, created by `param()`. `Type` is the type of its values. */
export interface Param<Type = unknown> {
  readonly [OPTIONS]: ParamOptions;
  readonly [TYPE]?: Type;
}

/** Params by name, as declared. */
export type ParamDeclarations = { readonly [name: string]: JsonValue | Param | StandardSchema };

/**
 * The types of declared params. A run may set a param without a schema to any JSON, so a plain
 * default does not determine its type.
 */
export type ParamValues<Declared> = string extends keyof Declared
  ? JsonObject
  : { readonly [Name in keyof Declared]: ParamValue<Declared[Name]> };

type ParamValue<Declared> =
  Declared extends Param<infer Type>
    ? unknown extends Type
      ? JsonValue
      : Type
    : Declared extends StandardSchema
      ? ValueOf<Declared>
      : JsonValue;

/** The type of a param with these options. */
export type TypeOf<Options> = Options extends { readonly schema: infer Schema } ? ValueOf<Schema> : JsonValue;
