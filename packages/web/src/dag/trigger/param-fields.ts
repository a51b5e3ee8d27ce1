// Params as fields of a form: how a schema is shown, and how text becomes a value.

import type { JsonObject, JsonSchema, JsonValue } from "@memodag/core";

/** A field. */
export interface ParamField {
  readonly name: string;
  readonly kind: "text" | "number" | "boolean" | "choice" | "json";
  readonly hint: string | undefined;
  /** Of `choice` and `boolean`: values as JSON. */
  readonly options: readonly string[];
  /** The default as the field shows it; "" if there is none. */
  readonly initial: string;
}

/** The value of a field, or its fault; `default`: the field is as it was. */
export type ParamValue =
  | { readonly kind: "default" }
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "fault"; readonly fault: string };

/** Returns the fields of a Dag's params, in their order. */
export function paramFields(
  params: JsonObject,
  schemas: Readonly<Record<string, JsonSchema>> = {},
): ParamField[] {
  const names = new Set([...Object.keys(params), ...Object.keys(schemas)]);
  return [...names].map((name) => fieldOf(name, params[name], schemas[name]));
}

function fieldOf(name: string, value: JsonValue | undefined, schema: JsonSchema | undefined): ParamField {
  const rules = typeof schema === "object" ? (schema as Readonly<Record<string, unknown>>) : {};
  const hint = typeof rules["description"] === "string" ? rules["description"] : undefined;
  const facts = { name, hint, options: [] };
  if (Array.isArray(rules["enum"])) {
    const options = rules["enum"].map((option) => JSON.stringify(option));
    return { ...facts, kind: "choice", options, initial: value === undefined ? "" : JSON.stringify(value) };
  }
  const type = typeof rules["type"] === "string" ? rules["type"] : typeOf(value);
  if (type === "boolean")
    return { ...facts, kind: "boolean", options: ["true", "false"], initial: String(value ?? false) };
  if (type === "number" || type === "integer")
    return { ...facts, kind: "number", initial: value === undefined ? "" : String(value) };
  if (type === "string") return { ...facts, kind: "text", initial: typeof value === "string" ? value : "" };
  return { ...facts, kind: "json", initial: value === undefined ? "" : JSON.stringify(value, null, 2) };
}

function typeOf(value: JsonValue | undefined): string {
  return value === null || Array.isArray(value) ? "json" : typeof value;
}

/** Reads what a user left in a field. */
export function readField({ kind, initial }: ParamField, text: string): ParamValue {
  if (text === initial) return { kind: "default" };
  if (kind === "text") return { kind: "value", value: text };
  if (kind === "number") {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) ? { kind: "value", value } : { kind: "fault", fault: "This is no number" };
  }
  return readJson(text);
}

/** Reads JSON. */
export function readJson(text: string): Exclude<ParamValue, { kind: "default" }> {
  try {
    return { kind: "value", value: JSON.parse(text) as JsonValue };
  } catch (error) {
    return { kind: "fault", fault: `This is no JSON: ${(error as Error).message}` };
  }
}
