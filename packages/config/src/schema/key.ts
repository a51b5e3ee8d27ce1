// The building blocks of the schema: keys, with the metadata that is shown to users, and tables of keys.
//
// Every command reads the config. A library of schemas took a quarter of the time of the short ones to load, to build
// the schema and to compile it.

/** How the string of an environment variable is converted to the key's value. */
export type KeyKind = "integer" | "boolean" | "string";

/** Metadata of a key that is shown to users. */
export interface KeyFacts {
  /** A sentence that describes the key. */
  readonly description: string;
  /** Describes valid values, completing "expected …". */
  readonly expected: string;
  readonly kind: KeyKind;
  /** The default as written in the file; absent if the key is unset by default. */
  readonly default?: string | number | boolean;
  /** How the default is computed, if it depends on the machine; generated files do not contain its value. */
  readonly computed?: string;
  /** An example value for a key that is unset by default. */
  readonly example?: string;
  /** True if the value may contain a password. */
  readonly secret?: boolean;
  /** True if a change takes effect in running processes; otherwise it needs a restart. */
  readonly live?: boolean;
  /** The `kind` of the table that the key is for; absent: any. */
  readonly of?: string;
}

/** The reading of a value that the key does not take. */
export const INVALID: unique symbol = Symbol("invalid");

/** Metadata that depends on the key rather than on its type. */
type OwnFacts = Pick<KeyFacts, "description" | "example" | "live" | "of">;

/** A type of values, before it has a name or a default. */
export interface KeyType<T> extends Pick<KeyFacts, "expected" | "kind" | "secret"> {
  /** Converts a value as written. */
  readonly read: (written: unknown) => T | typeof INVALID;
  /** Keywords of its JSON schema. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** A key of a section. */
export interface Key<
  T = unknown,
  P extends "default" | "unset" | "required" = "default" | "unset" | "required",
> {
  readonly type: KeyType<T>;
  readonly facts: KeyFacts;
  /** The meaning of a key that is not written. */
  readonly presence: P;
}

/** A key with a default, given as it would be written in the file. */
export function key<T>(
  type: KeyType<T>,
  facts: OwnFacts & { readonly default: string | number | boolean; readonly computed?: string },
): Key<T, "default"> {
  return { type, facts: factsOf(type, facts), presence: "default" };
}

/** A key that is unset by default. */
export function unsetKey<T>(type: KeyType<T>, facts: OwnFacts): Key<T, "unset"> {
  return { type, facts: factsOf(type, facts), presence: "unset" };
}

/** A required key. */
export function requiredKey<T>(type: KeyType<T>, facts: OwnFacts): Key<T, "required"> {
  return { type, facts: factsOf(type, facts), presence: "required" };
}

function factsOf(
  { expected, kind, secret }: KeyType<unknown>,
  facts: OwnFacts & Pick<KeyFacts, "default" | "computed">,
): KeyFacts {
  return { expected, kind, ...(secret === undefined ? {} : { secret }), ...facts };
}

/** A section of the config file, or the shape of one element of a list of them. */
export interface Section<
  K extends Readonly<Record<string, Key>> = Readonly<Record<string, Key>>,
  L = boolean,
> {
  readonly description: string;
  /** True for a list of tables, `[[name]]`. */
  readonly isList: L;
  readonly keys: K;
}

/** A table of keys. */
export function section<K extends Readonly<Record<string, Key>>>(
  description: string,
  keys: K,
): Section<K, false> {
  return { description, isList: false, keys };
}

/** A list of tables, which is empty by default. */
export function list<K extends Readonly<Record<string, Key>>>(
  description: string,
  keys: K,
): Section<K, true> {
  return { description, isList: true, keys };
}
