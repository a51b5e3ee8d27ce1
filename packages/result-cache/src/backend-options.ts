// Options of a backend, by the schema that its module exports.

import { MemodagError } from "@memodag/core";

/** Where in the options a fault is. */
type PathSegment = PropertyKey | { readonly key: PropertyKey };

/** A fault of a value. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly PathSegment[] | undefined;
}

/** The outcome of a validation. */
type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** A schema of any library that has the Standard Schema interface, such as zod, valibot and arktype. */
export interface OptionsSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

/** A string or a table of the config. */
export type WrittenOptions = string | Readonly<Record<string, unknown>>;

/**
 * Returns the options for a backend.
 * @param written `undefined`: there are none; a schema sees an empty table
 * @param place the config's key that has them, for messages
 * @throws MemodagError `config_invalid` with every fault and its place; never with a value, which may be a secret
 */
export async function parseBackendOptions(
  schema: OptionsSchema | undefined,
  written: WrittenOptions | undefined,
  place = "task_cache.backend_options",
): Promise<unknown> {
  if (!schema) return written ?? "";
  const result = await schema["~standard"].validate(written ?? {});
  if (result.issues === undefined) return result.value;
  const faults = result.issues.map(({ message, path }) => `${nameOf(place, path)}: ${message}`);
  throw new MemodagError(
    "config_invalid",
    `The options of the cache backend are not valid:\n${faults.join("\n")}`,
    {
      fields: { faults },
    },
  );
}

function nameOf(place: string, path: readonly PathSegment[] | undefined): string {
  const names = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return [place, ...names].join(".");
}
