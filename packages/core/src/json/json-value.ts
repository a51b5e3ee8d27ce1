// Types of values that pass between tasks.

/** A JSON value. All values between tasks have this type. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A JSON object. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** A JSON schema (draft 2020-12). */
export type JsonSchema = JsonObject | boolean;
